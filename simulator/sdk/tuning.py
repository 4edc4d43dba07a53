"""A tuning in Python: the setting that holds an SLO at the lowest cost, and how sure that is."""

from __future__ import annotations

import html
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

import yaml

from simulator.lab.apply.apply import apply_instructions
from simulator.lab.tune.days import ADVERSE, Condition
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.result import SettingPart, TuneResult, tune_json
from simulator.lab.tune.slo import parse_objective, parse_slo
from simulator.lab.tune.tables import tables_of
from simulator.lab.tune.tune import tune as played
from simulator.lab.workers.opening import worker_pool
from simulator.model.text.problems import one_of
from simulator.scenario.document import Document
from simulator.scenario.scenario import ScenarioSpec
from simulator.sdk.frames import Library, frame_of_rows
from simulator.sdk.plain import plain
from simulator.sdk.progress import NotebookProgress, Progress
from simulator.sdk.repr_html import table_cell
from simulator.sdk.run_in_thread import run_in_thread
from simulator.sdk.scenario_file import write_scenario

Vary = Mapping[str, Any] | Sequence[str]


class TunableScenario(Protocol):
    """What a tuning needs of a scenario."""

    @property
    def name(self) -> str: ...
    @property
    def checked(self) -> ScenarioSpec: ...
    @property
    def document(self) -> Document: ...
    @property
    def folder(self) -> Path: ...
    def change(self, changes: Mapping[str, Any]) -> Self: ...


S = TypeVar("S", bound=TunableScenario)


class TuningResult(Generic[S]):
    """The result of a tuning. `data` is the complete content of `simulator tune --json`."""

    def __init__(self, data: TuneResult, scenario: S) -> None:
        self.data = data
        self._scenario = scenario

    @property
    def answer(self) -> str:
        """What to set, what it costs, and what today's setting does, in one or two sentences."""
        return self.data.answer

    @property
    def guarantee(self) -> str:
        """How sure that is, in a sentence."""
        return self.data.guarantee.text

    @property
    def choice(self) -> SettingPart | None:
        """The setting to choose; None if no setting holds the SLO on the days that judge."""
        return self.data.choice

    @property
    def scenario(self) -> S:
        """The scenario with the choice.

        Raises:
            ValueError: if no setting holds the SLO.
        """
        if self.data.choice is None:
            msg = f"choice = none, must hold {', '.join(self.data.slo)}: {self.data.answer}"
            raise ValueError(msg)
        return self._scenario.change(self.data.choice.changes)

    def apply(self) -> str:
        """Return the commands and files that give the service the choice, as Markdown; empty if nothing changes.

        Raises:
            ValueError: if no setting holds the SLO.
        """
        instructions = apply_instructions(self._scenario.checked, self.scenario.checked)
        return "\n\n".join("\n".join(each.markdown()) for each in instructions)

    def front(self, library: Library = "pandas") -> Any:
        """Return a row for each setting that no other beats in both cost and latency, the cheapest first."""
        return _frame(map(_setting, self.data.front), library)

    def prices(self, library: Library = "pandas") -> Any:
        """Return the price of the SLO: a row for each other limit, with the cheapest setting that was played for it."""
        rows = [{**part.model_dump(exclude={"changes"}), **part.changes} for part in self.data.prices]
        return _frame(rows, library)

    def knobs(self, library: Library = "pandas") -> Any:
        """Return a row for each other value of each setting, with the choice otherwise unchanged. `weight`: how much
        the setting matters; the weights of all settings sum to 1.
        """
        rows = [
            {
                "name": knob.name,
                "weight": knob.weight,
                "chosen": knob.chosen,
                "value": value.value,
                "month_usd": value.month_usd,
                "usd_more": value.usd_more.mean,
                "holds": value.holds,
                "fails": value.fails,
            }
            for knob in self.data.knobs
            for value in knob.played
        ]
        return _frame(rows, library)

    @property
    def notes(self) -> list[str]:
        """Notes to read before the figures."""
        return list(self.data.notes)

    def json(self) -> str:
        """Return what `simulator tune --json` writes."""
        return tune_json(self.data)

    def __repr__(self) -> str:
        return f"<Tuning of {self.data.scenario}: {self.data.answer}>"

    def _repr_html_(self) -> str:
        sentences = "".join(f"<p>{html.escape(text)}</p>" for text in (f"{self.guarantee}.", *self.notes))
        tables = "".join(map(table_cell, tables_of(self.data)))
        return f"<div><p><strong>{html.escape(self.answer)}</strong></p>{sentences}{tables}</div>"


def tuned(
    scenario: S,
    slo: str,
    vary: Vary,
    *,
    minimise: str,
    days: Sequence[S],
    judge: Sequence[S],
    withstand: Sequence[str],
    runs: int | None,
    workers: int,
    progress: Progress,
) -> TuningResult[S]:
    """Play the tuning. Raises ScenarioError or ValueError for a scenario, SLO, setting or condition that is invalid."""
    known = [condition.value for condition in ADVERSE]
    for name in withstand:
        if name not in known:
            msg = f"withstand = {name!r}, must be {one_of(name, known)}"
            raise ValueError(msg)
    with tempfile.TemporaryDirectory(prefix="simulator-") as made:
        names: dict[str, str] = {}

        def written(given: S) -> Path:
            file = Path(made) / f"{len(names)}-{given.name}.yaml"
            names[str(file)] = given.name
            return write_scenario(given.document, given.folder, file, given.name, given.checked.seed)

        plan = TunePlan(
            [written(each) for each in (scenario, *days)],
            parse_slo(slo),
            vary=list(_vary(vary)),
            objective=parse_objective(minimise),
            judge=[written(each) for each in judge],
            required=[Condition(name) for name in dict.fromkeys(withstand)],
            runs_max=runs,
        )
        with NotebookProgress(progress, "tune", plan.runs, "exploring") as shown:
            phase = "exploring"

            def on_phase(name: str) -> None:
                nonlocal phase
                phase = name

            def on_runs(count: int) -> None:
                for _ in range(count):
                    shown.advance(phase)

            def play() -> TuneResult:
                with worker_pool(workers) as pool:
                    return played(plan, pool, on_phase, on_runs)

            result = run_in_thread(play, shown.stop)
    files = [names.get(file, file) for file in result.files]
    return TuningResult(result.model_copy(update={"file": names[result.file], "files": files}), scenario)


def _vary(given: Vary) -> Iterator[str]:
    """Yield the settings that vary in the words of `simulator tune --vary`."""
    if not isinstance(given, Mapping):
        yield from given
        return
    for name, values in given.items():
        listed = [values] if isinstance(values, str) else plain(list(values))
        yield f"{name}={','.join(_value(value) for value in listed)}"


def _value(value: Any) -> str:
    """Return a value as in a scenario file, on one line."""
    if isinstance(value, str):
        return value
    return str(yaml.safe_dump(value, default_flow_style=True, width=10**6)).partition("\n")[0]


def _setting(part: SettingPart) -> dict[str, Any]:
    return {
        **part.changes,
        "month_usd": part.month_usd,
        "latency_p95_s": part.latency_p95_s,
        "error_rate": part.error_rate,
        "holds": part.holds,
        "days": part.days,
    }


def _frame(rows: Any, library: Library) -> Any:
    found = list(rows)
    names = list(dict.fromkeys(name for row in found for name in row))
    return frame_of_rows(found, names, library)
