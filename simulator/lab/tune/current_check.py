"""Checks whether a current setting still holds the SLO, and is about as good as the choice of a tuning.

Both are played on the days that judge, which neither was chosen on. On the days that chose, the choice would look
better than it is, because it is the best of many on just these days.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any, Final

from simulator.lab.compare.comparison import EstimatePart
from simulator.lab.statistics import paired
from simulator.lab.tune.assembly import setting_part
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.play_setting import DayFigures, PlayedDay
from simulator.lab.tune.result import CurrentCheckPart, SettingPart, TuneResult
from simulator.lab.tune.search.judging import judging_days
from simulator.lab.tune.tune import worker_batches
from simulator.lab.workers.kept_results import KeptResults
from simulator.lab.workers.worker_pool import WorkerPool
from simulator.model.text.quantities import usd_text

_CURRENT, _CHOICE = 0, 1  # places in no space: the two settings are given by their changes
WITHIN: Final = 0.05

OnRuns = Callable[[int], None]


def check_current(
    plan: TunePlan,
    pool: WorkerPool,
    result: TuneResult,
    changes: Mapping[str, Any],
    within: float = WITHIN,
    on_runs: OnRuns = lambda _: None,
    kept: KeptResults[PlayedDay, DayFigures] | None = None,
) -> CurrentCheckPart:
    """Play the scenario with `changes`, the current setting, beside the choice of the tuning, and compare them.

    `kept`: as in `tune`.

    Raises:
        ValueError: if the scenario cannot be played with the current setting.
    """
    days = plan.days.judging[: max(result.guarantee.days_judged, judging_days(0, plan.share, plan.confidence))]
    settings = {_CURRENT: changes} | ({} if result.choice is None else {_CHOICE: result.choice.changes})
    units = [PlayedDay(place, tuple(given.items()), day) for place, given in settings.items() for day in days]
    found = worker_batches(plan, pool, on_runs, kept).figures(units)
    figures = {place: [found[unit] for unit in units if unit.place == place] for place in settings}
    for error in (each.error for each in figures[_CURRENT] if each.error):
        msg = f"check = the current setting, must be one that the scenario can be played with: {error}"
        raise ValueError(msg)
    return judged_current(plan, changes, figures[_CURRENT], figures.get(_CHOICE), within)


def judged_current(
    plan: TunePlan,
    changes: Mapping[str, Any],
    current: Sequence[DayFigures],
    choice: Sequence[DayFigures] | None,
    within: float,
) -> CurrentCheckPart:
    """Return the check of figures on the same days, in the same order."""
    setting = setting_part(plan, changes, _changes_text(changes), current, current)
    does_hold = setting.judged_days_held >= plan.share * setting.judged_days
    more = None if choice is None else _more(current, choice)
    is_near = more is None or more.mean <= within
    text = f"{_hold_text(plan, setting)} {_near_text(plan, setting, more, within)}"
    return CurrentCheckPart(
        text=text,
        current=setting,
        share=plan.share,
        holds=does_hold,
        within=within,
        more=more,
        is_near=is_near,
        passed=does_hold and is_near,
    )


def _more(current: Sequence[DayFigures], choice: Sequence[DayFigures]) -> EstimatePart:
    """Return how much more the current setting has of what is minimised, relative to the choice's mean."""
    theirs = [each.objective for each in choice]
    difference = paired([each.objective for each in current], theirs)
    assert difference is not None, "there are days"
    mean = fmean(theirs) or 1.0
    low, high = (None if bound is None else bound / mean for bound in (difference.low, difference.high))
    return EstimatePart(mean=difference.mean / mean, low=low, high=high)


def _changes_text(changes: Mapping[str, Any]) -> str:
    if not changes:
        return "the scenario's own"
    return ", ".join(f"{key.removeprefix('services.')} {value}" for key, value in changes.items())


def _hold_text(plan: TunePlan, setting: SettingPart) -> str:
    slo = ", ".join(plan.slo.texts)
    if setting.judged_days_held == setting.judged_days:
        return f"Today's setting holds {slo} on all of {setting.judged_days} days."
    if setting.judged_days_held >= plan.share * setting.judged_days:
        return f"Today's setting holds {slo} on {setting.judged_days_held} of {setting.judged_days} days."
    return (
        f"Today's setting does not hold {slo}: on {setting.judged_days_held} of {setting.judged_days} days, not on "
        f"{_percent(plan.share)} of them."
    )


def _near_text(plan: TunePlan, setting: SettingPart, more: EstimatePart | None, within: float) -> str:
    if more is None:
        return "No setting that was played holds it, so there is none to compare it with."
    cost = f"costs {usd_text(setting.objective.mean)} a month," if plan.objective.is_month else "has"
    beside = f"{_percent(abs(more.mean))} {'less' if more.mean < 0 else 'more'} {plan.objective.name} than the best"
    if plan.objective.is_month:
        beside = beside.replace(f" {plan.objective.name}", "")
    span = "" if more.low is None or more.high is None else f" ({_percent(more.low)} to {_percent(more.high)})"
    end = "which is within" if more.mean <= within else "which is beyond"
    return f"It {cost} {beside}{span}, {end} {_percent(within)}."


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def check_junit(result: TuneResult) -> str:
    """Return a JUnit report of the check of a current setting: a test case for each part of the SLO, and for the cost.

    The result must have a check.
    """
    check = result.check
    assert check is not None, "the caller has checked a setting"
    days = check.current.judged_days
    cases = [
        (
            f"{part.text} on {_percent(check.share)} of days",
            part.days_held >= check.share * days,
            f"on {part.days_held} of {days} days",
        )
        for part in check.current.slo
    ]
    if check.more is not None:
        name = f"{result.objective} within {_percent(check.within)} of the best"
        cases.append((name, check.is_near, f"{_percent(check.more.mean)} more than the best"))
    if len(check.current.slo) > 1:
        cases.append((f"all of it on {_percent(check.share)} of days", check.holds, check.text))
    failed = sum(not passed for _, passed, _ in cases)
    suite = ET.Element(
        "testsuite", name=f"tune {result.scenario}", tests=str(len(cases)), failures=str(failed), errors="0"
    )
    for name, passed, found in cases:
        case = ET.SubElement(suite, "testcase", classname=result.scenario, name=name)
        if not passed:
            ET.SubElement(case, "failure", message=found)
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def check_summary(result: TuneResult) -> str:
    """Return the check, the choice and the guarantee as Markdown, for the summary of a CI step."""
    check = result.check
    assert check is not None, "the caller has checked a setting"
    lines = [f"### {result.scenario}: today's setting {'passes' if check.passed else '**FAILED**'}", "", check.text]
    lines += ["", result.answer, "", "| | today | best |", "|---|---|---|"]
    best = result.choice
    rows = [("setting", check.current.text, "none" if best is None else best.text)]
    rows += [
        (
            part.text,
            f"on {part.days_held} of {check.current.judged_days} days",
            "" if best is None else f"on {best.judged_days_held} of {best.judged_days} days",
        )
        for part in check.current.slo
    ]
    rows.append(("USD a month", usd_text(check.current.month_usd), "" if best is None else usd_text(best.month_usd)))
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join([*lines, "", f"{result.guarantee.text}.", ""])
