"""A scenario in Python: read from a file, a shipped scenario or text; it can be changed, run and swept."""

from __future__ import annotations

import dataclasses
import html
import io
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self, SupportsIndex

import yaml

from simulator.edge.live.live_settings import LiveSettings
from simulator.lab.assumptions.sensitivity import Sensitivity
from simulator.lab.measured.service_times import with_service_times
from simulator.lab.what_if.what_ifs import with_played_changes
from simulator.model.text.problems import one_of
from simulator.replay.runner import Run
from simulator.report.assumptions import AssumptionsPart
from simulator.report.report import build_report
from simulator.scenario.changes import Changes, changed
from simulator.scenario.document import Document, parse_document, read_document_text
from simulator.scenario.scenario import ScenarioSpec as Checked
from simulator.scenario.scenario import read_scenario
from simulator.scenario.shipped import shipped_scenarios
from simulator.scenario.user_policy import policy_name
from simulator.sdk.plain import is_frame, plain
from simulator.sdk.progress import Progress
from simulator.sdk.repr_html import rows_cell
from simulator.sdk.result import Result
from simulator.sdk.run_in_thread import Stop, play_beside, run_in_thread
from simulator.sdk.sweep import SweepResult, swept
from simulator.sdk.tuning import TuningResult, Vary, tuned

# the command line keeps its certificate authority there, too
STATE = Path("~/.local/state/apprunner-simulator")


@dataclass(frozen=True, slots=True)
class _Source:
    """The origin of a scenario."""

    text: str
    file: str
    folder: Path
    name: str
    changes: Changes


class Scenario:
    """A scenario, validated when it is created.

    `Scenario("flash-sale")` is a shipped scenario, `Scenario("mine.yaml")` a file, `Scenario({...})` a mapping with the
    keys of a file, and `Scenario.from_text(...)` text. In a mapping or a change, the `file` of a recording may also be
    a pandas data frame or an Arrow table. A scenario is immutable: `change` returns another.

    Raises:
        ScenarioError: if the scenario is invalid; the message lists every problem with its line.
        ValueError: if there is no such file and no such shipped scenario.
    """

    def __init__(self, source: str | Path | Mapping[str, Any]) -> None:
        given: object = source
        if isinstance(source, Mapping):
            self._read(_Source(_text_of(source), "scenario", Path(), "scenario", {}))
            return
        if not isinstance(given, str | Path):
            msg = f"scenario = {_shown(given)}, must be a file, a shipped scenario's name or a mapping"
            raise ValueError(msg)  # noqa: TRY004 the same error as for other invalid sources
        path = Path(source)
        if not path.exists():
            shipped = shipped_scenarios()
            if str(source) not in shipped:
                msg = f"scenario = {str(source)!r}, must be a file or {one_of(source, shipped)}"
                raise ValueError(msg)
            path = shipped[str(source)]
        self._read(_Source(read_document_text(path), str(path), path.parent, path.stem, {}))

    def _read(self, source: _Source) -> Self:
        self._source = source
        checked = read_scenario(source.text, file=source.file, folder=source.folder, changes=source.changes)
        self._checked = checked if checked.name else checked.model_copy(update={"name": source.name})
        return self

    @classmethod
    def from_text(cls, text: str, *, name: str = "scenario", folder: str | Path = ".") -> Self:
        """Parse a scenario in YAML; the data files that it names are looked up in `folder`."""
        return cls.__new__(cls)._read(_Source(text, name, Path(folder), name, {}))  # noqa: SLF001 a constructor

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, name: str = "scenario", folder: str | Path = ".") -> Self:
        """Create a scenario from a mapping with the keys of a file; its data files are looked up in `folder`."""
        return cls.from_text(_text_of(data), name=name, folder=folder)

    @property
    def name(self) -> str:
        return self._checked.name

    @property
    def checked(self) -> Checked:
        """The validated scenario: a frozen pydantic model of the whole file."""
        return self._checked

    @property
    def document(self) -> Document:
        """The scenario as plain data, with the changes applied."""
        return changed(parse_document(self._source.text, self._source.file), self._source.changes)

    @property
    def folder(self) -> Path:
        """The folder in which data files are looked up."""
        return self._source.folder

    def change(self, changes: Mapping[str, Any] | None = None, **fields: Any) -> Self:
        """Return a copy with changed values at the places that `simulator sweep --vary` accepts.

        `scenario.change(max_concurrency=20)` changes every service, `scenario.change({"web.policy.window": "30s"})`
        one.

        Raises:
            ScenarioError: if a value is invalid.
            ValueError: if there is no such place.
        """
        source = self._source
        merged = {**source.changes, **plain({**(changes or {}), **fields})}
        changed_source = dataclasses.replace(source, changes=merged)
        return type(self).__new__(type(self))._read(changed_source)  # noqa: SLF001 a constructor

    def assumptions(self, *, seed: SupportsIndex | None = None, workers: SupportsIndex = 1) -> AssumptionsPart:
        """Play the scenario with each assumption that it depends on at both ends of its range.

        Returns the part of the report that `simulator run --assumptions` makes; its `ranked` has the assumption with
        the largest effect first. `workers`: processes; with 1 the runs are played in this one.

        Raises:
            ScenarioError: if the scenario cannot be played in virtual time.
            BrokenRun: if a run of the scenario as it is fails.
        """
        scenario = self._checked if seed is None else self._checked.with_seed(operator.index(seed))
        return Sensitivity(scenario).play(max(1, operator.index(workers)))

    def run(
        self,
        *,
        seed: SupportsIndex | None = None,
        policy: str | type | None = None,
        clock: Literal["virtual", "real"] = "virtual",
        requests: bool = False,
        state: str | Path = STATE,
        what_ifs: int = 0,
    ) -> Result:
        """Run the scenario and wait for its end. It may be called while an event loop is running.

        `seed` and `policy` override the scenario's own; a policy is a name, `FILE.py:CLASS`, or a class with a method
        decide(self, observation). `requests`: True keeps a row for every request. `state`: folder of the local
        certificate authority, for real time. `what_ifs`: how often to play the scenario again with a changed setting
        after a loss, for the verdict; in virtual time.

        Raises:
            ScenarioError: if the scenario cannot run on this clock.
            ValueError: for an unknown policy or clock, or a seed out of range.
            BrokenRun: if an internal error stopped the run.
        """
        if clock not in {"virtual", "real"}:
            msg = f"clock = {clock!r}, must be {one_of(clock, ('virtual', 'real'))}"
            raise ValueError(msg)
        checked = self._checked if seed is None else self._checked.with_seed(operator.index(seed))
        checked = checked if policy is None else checked.with_policy(policy_name(policy))
        notes = checked.recording_notes()
        rows, stop = io.StringIO() if requests else None, Stop()
        live = LiveSettings(Path(state).expanduser()) if clock == "real" else None
        record = play_beside(Run(checked, live, stop, rows), stop)
        report = build_report(record)
        if live is not None:
            report = with_service_times(report, record, checked)
        elif what_ifs:
            report = run_in_thread(partial(with_played_changes, report, checked, what_ifs))
        return Result(record, report, None if rows is None else rows.getvalue(), notes)

    def sweep(
        self, vary: Mapping[str, Iterable[Any]], *, seeds: int = 1, workers: int = 1, progress: Progress = None
    ) -> SweepResult:
        """Run it at every point of a grid: `scenario.sweep({"max_concurrency": [10, 20], "min_size": [1, 2]})`.

        `workers` above 1 uses that many processes; a script then needs its `if __name__ == "__main__":`. `progress`:
        True for a line with the runs done and the time left, False for none, or a function that is called with a
        `BatchStep` after every run; default: a line in a notebook and on a terminal.

        Raises:
            ScenarioError, ValueError: if a place, or the first value of an axis, is invalid.
        """
        grid: dict[str, list[Any]] = {name: plain(list(values)) for name, values in vary.items()}
        self.change({name: values[0] for name, values in grid.items() if values})
        notes = [f"note: {text}" for text in self._checked.recording_notes()]
        numbers = [self._checked.seed + n for n in range(seeds)]
        return swept(self.document, self.folder, grid, numbers, workers, progress, notes)

    def tune(
        self,
        slo: str,
        vary: Vary = (),
        *,
        minimise: str = "usd",
        days: Sequence[Self] = (),
        judge: Sequence[Self] = (),
        withstand: Sequence[str] = (),
        runs: int | None = None,
        workers: int = 1,
        progress: Progress = None,
    ) -> TuningResult[Self]:
        """Find the setting that holds the SLO at the lowest cost: `scenario.tune("p95 < 300 ms, error_rate < 0.1 %")`.

        `vary`: what varies, such as `{"max_concurrency": [10, 20, 50], "min_size": range(1, 9)}`, or texts as after
        `simulator tune --vary`; default: MaxConcurrency, MinSize, MaxSize and size around the scenario's own. `days`:
        further scenarios to choose on; `judge`: scenarios to judge the choice on (default: other seeds). `withstand`:
        adverse conditions that it must hold under as well: traffic, bursts, starts. `runs`: how many runs may choose,
        at most. `workers` and `progress` are as those of `sweep`; 0 workers is a process for each core.

        Raises:
            ScenarioError, ValueError: for an SLO, a setting, a condition or a scenario that cannot be used.
        """
        return tuned(
            self,
            slo,
            vary,
            minimise=minimise,
            days=days,
            judge=judge,
            withstand=withstand,
            runs=runs,
            workers=workers,
            progress=progress,
        )

    def __repr__(self) -> str:
        return f"<Scenario {self.name}: {', '.join(self._checked.services)}, {self._checked.duration_s:g} s>"

    def _repr_html_(self) -> str:
        rows = [
            [name, service.policy.name, str(service.max_concurrency), f"{service.min_size} to {service.max_size}"]
            for name, service in self._checked.services.items()
        ]
        table = rows_cell(["service", "policy", "MaxConcurrency", "instances"], rows)
        return (
            f"<h4>{html.escape(self.name)}</h4><p>{self._checked.duration_s:g} s, seed {self._checked.seed}</p>{table}"
        )


def _text_of(data: Mapping[str, Any]) -> str:
    """Return the text of a scenario file. Raises ValueError for values that a file cannot contain."""
    return yaml.safe_dump(plain(data), sort_keys=False, allow_unicode=True)


def _shown(source: object) -> str:
    return (
        f"a {type(source).__name__} (of a recording? then the `file` of a source)" if is_frame(source) else repr(source)
    )
