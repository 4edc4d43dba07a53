"""Plays a run again with changed settings for its verdict, with progress on standard error."""

from __future__ import annotations

from simulator.cli.printing import Status, echo
from simulator.lab.what_if.what_ifs import with_played_changes
from simulator.records.events import BY_CONSOLE
from simulator.report.schema import Report
from simulator.scenario.scenario import ScenarioSpec


def with_changes(report: Report, scenario: ScenarioSpec, rounds: int | None, backend: str, *, quiet: bool) -> Report:
    """Return the report whose verdict says what would have prevented the loss. An interrupt ends only the search.

    A run that a user of the console has changed cannot be played again.
    """
    if report.verdict is not None and any(act.action.startswith(BY_CONSOLE) for act in report.timeline):
        verdict = report.verdict.model_copy(update={"not_played": "the run was changed on its console"})
        return report.model_copy(update={"verdict": verdict})
    status = Status()

    def on_play(change: str) -> None:
        if not quiet:
            status.tell(f"playing again with {change}")

    try:
        return with_played_changes(report, scenario, rounds, backend, on_play)
    except KeyboardInterrupt:
        echo("interrupted: no further change is played", err=True)
        return report
