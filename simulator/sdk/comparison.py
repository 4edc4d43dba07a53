"""A comparison in Python: policies and platforms on the same traffic."""

from __future__ import annotations

import html
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simulator.lab.compare.candidates import candidates_of
from simulator.lab.compare.compare import SEEDS_DEFAULT, Plan
from simulator.lab.compare.compare import compare as played
from simulator.lab.compare.comparison import Comparison, EstimatePart, comparison_json
from simulator.lab.compare.figures import Terms
from simulator.lab.compare.page.html import comparison_html
from simulator.lab.compare.prices import read_prices
from simulator.lab.compare.run import task_name
from simulator.lab.compare.tables import difference_tables, elasticity_score_tables, main_tables
from simulator.model.text.units import parse_duration
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.scenario.user_policy import policy_name, require_files
from simulator.sdk.frames import Library, frame_of_rows
from simulator.sdk.progress import NotebookProgress, Progress
from simulator.sdk.repr_html import table_cell
from simulator.sdk.result import Page
from simulator.sdk.run_in_thread import run_in_thread
from simulator.sdk.scenario import Scenario
from simulator.sdk.scenario_file import write_scenario

_KEYS: Final = ("scenario", "service", "candidate")


class ComparisonResult:
    """The result of a comparison. `data` is the complete content of `simulator compare --json`."""

    def __init__(self, data: Comparison, recordings: Sequence[str] = ()) -> None:
        self.data = data
        self._recordings = recordings

    def frame(self, library: Library = "pandas") -> Any:
        """Return a row for each scenario, service and candidate: the mean of each figure over the seeds.

        Each figure has two more columns with its 95 % confidence interval (`_low`, `_high`), and, with `_difference` in
        the name, the difference from the baseline's, seed by seed; empty if there is no baseline to compare with.
        """
        rows = [
            {
                **dict(zip(_KEYS, (case.scenario, case.service, row.candidate), strict=True)),
                **{
                    column: value
                    for name, part in row.estimates.items()
                    for column, value in (
                        *_with_bounds(name, part),
                        *_with_bounds(f"{name}_difference", row.differences.get(name)),
                    )
                },
            }
            for case in self.data.cases
            for row in case.rows
        ]
        return frame_of_rows(rows, _columns(rows, _KEYS), library)

    def runs(self, library: Library = "pandas") -> Any:
        """Return a row for every run."""
        rows = [
            {
                **dict(zip(_KEYS, (case.scenario, case.service, row.candidate), strict=True)),
                "seed": seed,
                **{name: values[place] for name, values in row.values.items()},
            }
            for case in self.data.cases
            for row in case.rows
            for place, seed in enumerate(case.seeds)
        ]
        return frame_of_rows(rows, _columns(rows, (*_KEYS, "seed")), library)

    @property
    def notes(self) -> list[str]:
        """Notes to read before the figures.

        First those about recordings, as `simulator compare` prints them on standard error; then which candidates cannot
        act here, never acted, or are equal to each other.
        """
        return [*self._recordings, *(f"{case.name}: {note}" for case in self.data.cases for note in case.notes)]

    def json(self) -> str:
        """Return what `simulator compare --json` writes; `--fail-if-worse-than` accepts it."""
        return comparison_json(self.data)

    def page(self) -> Page:
        """Return the page with charts that `simulator compare --html` writes."""
        return Page(comparison_html(self.data))

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(part.label for part in self.data.candidates)}>"

    def _repr_html_(self) -> str:
        tables = [
            table
            for case in self.data.cases
            for table in main_tables(case) + elasticity_score_tables(case) + difference_tables(case, self.data.baseline)
        ]
        notes = "".join(f"<p><strong>{html.escape(text)}.</strong></p>" for text in self.notes)
        return "<div>" + notes + "".join(map(table_cell, tables)) + "</div>"


def compare(
    scenarios: Scenario | str | Path | Mapping[str, Any] | Sequence[Scenario | str | Path | Mapping[str, Any]],
    policies: Sequence[str | type] = (),
    platforms: Sequence[str] = (),
    *,
    seeds: int = SEEDS_DEFAULT,
    baseline: str | None = None,
    slo: str | None = None,
    prices: str | Path | None = None,
    oracle: bool = True,
    workers: int = 1,
    progress: Progress = None,
) -> ComparisonResult:
    """Run policies and platforms on the same traffic, `seeds` times each, and wait for the end.

    A policy is `configured` (the scenario's, with its parameters), a name, `FILE.py:CLASS`, or a class with a method
    decide(self, observation). A class that is not defined in a file runs with one worker. `slo` such as `500ms`.
    `prices`: a file with your own prices, by platform. `workers` above 1 uses that many processes; a script then needs
    its `if __name__ == "__main__":`. `progress`: True for a line with the runs done and the time left, False for none,
    or a function that is called with a `BatchStep` after every run; default: a line in a notebook and on a terminal.

    Raises:
        ScenarioError, ValueError: for a scenario, policy, platform or baseline that cannot be used.
    """
    several = [scenarios] if isinstance(scenarios, Scenario | str | Path | Mapping) else list(scenarios)
    if workers > 1:
        require_files(policies)
    own = {} if prices is None else read_prices(Path(prices))
    candidates = candidates_of([policy_name(policy) for policy in policies], platforms, own, OnPolicyError.STOP)
    terms = Terms(None if slo is None else parse_duration(slo))
    with tempfile.TemporaryDirectory(prefix="simulator-") as made:
        files = []
        for number, given in enumerate(several):
            scenario = given if isinstance(given, Scenario) else Scenario(given)
            file = Path(made) / f"{number}-{scenario.name}.yaml"
            files.append(write_scenario(scenario.document, scenario.folder, file, scenario.name, scenario.checked.seed))
        first = baseline or (candidates[0].label if candidates else "")
        plan = Plan(files, candidates, first, seeds=seeds, terms=terms, oracle=oracle)
        recordings = [f"{given.name}: {note}" for given in plan.scenarios.values() for note in given.recording_notes()]
        tasks = plan.tasks()
        with NotebookProgress(progress, "compare", len(tasks), task_name(tasks[0])) as shown:
            return ComparisonResult(
                run_in_thread(
                    lambda: played(plan, workers, lambda task, *_: shown.advance(task_name(task))), shown.stop
                ),
                recordings,
            )


def _with_bounds(name: str, part: EstimatePart | None) -> list[tuple[str, float | None]]:
    if part is None:
        return [(name, None), (f"{name}_low", None), (f"{name}_high", None)]
    return [(name, part.mean), (f"{name}_low", part.low), (f"{name}_high", part.high)]


def _columns(rows: Sequence[dict[str, Any]], first: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*first, *(name for row in rows for name in row)]))
