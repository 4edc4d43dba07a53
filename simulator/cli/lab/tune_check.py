"""`simulator tune --check`: today's setting from files, and where the result of the check goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TextIO

from rich.text import Text

from simulator.cli.lab.tables import wide_console
from simulator.cli.lab.tune_options import TuneUseOptions
from simulator.cli.outputs import summarize_step
from simulator.lab.tune.current_check import check_junit, check_summary
from simulator.lab.tune.current_setting import current_changes
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.result import TuneResult
from simulator.model.text.units import parse_share


class CurrentSetting(NamedTuple):
    """Today's setting, by its changes to the scenario, and how much more than the best it may cost."""

    changes: Mapping[str, Any]
    within: float


def current_setting(plan: TunePlan, use: TuneUseOptions) -> CurrentSetting | None:
    """Return the setting in the files of `--check`; None without it. Raises ScenarioError or ValueError."""
    if not use.check:
        if use.junit is not None:
            msg = f"junit = {str(use.junit)!r}, must be given with --check"
            raise ValueError(msg)
        return None
    within = share_of("within", use.within)
    changes = current_changes(plan.scenarios[0], use.check)
    for source in plan.sources:
        source.scenario({**changes, "checks": plan.slo.texts})  # an impossible setting is found before the runs
    return CurrentSetting(changes, within)


def share_of(option: str, text: str) -> float:
    """Return the share that an option has. Raises ValueError unless it is above 0 % and below 100 %."""
    try:
        share = parse_share(text)
    except ValueError as error:
        msg = f"{option} = {text!r}: {error}"
        raise ValueError(msg) from error
    if not 0 < share < 1:
        msg = f"{option} = {text!r}, must be above 0 % and below 100 %"
        raise ValueError(msg)
    return share


def report_check(result: TuneResult, junit: TextIO | None) -> None:
    """Print the check, write it as JUnit's XML, and append it to the summary of a CI step."""
    assert result.check is not None, "the caller has checked a setting"
    console = wide_console()
    word, style = ("pass", "bold green") if result.check.passed else ("FAILED", "bold red")
    console.print(Text.assemble((f"{word} ", style), result.check.text), soft_wrap=not console.is_terminal)
    if junit is not None:
        junit.write(check_junit(result))
    summarize_step(check_summary(result))
