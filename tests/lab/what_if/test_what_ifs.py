"""Changes that are played: each figure is one of a complete run of the changed scenario, which is checked here by
editing the scenario's text and playing it.
"""

from __future__ import annotations

import functools
import re

import pytest

from simulator.lab.backend_names import EVENT_LOOP
from simulator.lab.what_if.what_ifs import REQUESTS_MAX, with_played_changes
from simulator.report.schema import Report
from simulator.report.verdict.part import CauseKind, ServiceVerdictPart
from tests.report.verdict.cases import ANSWERED, CASES, report_of, scenario_of, verdict_of


@functools.cache
def answered(text: str, rounds: int = 4) -> tuple[Report, list[str]]:
    played: list[str] = []
    report = with_played_changes(report_of(text), scenario_of(text), rounds, EVENT_LOOP, played.append)
    return report, played


def part_of(text: str, rounds: int = 4) -> ServiceVerdictPart:
    report, _ = answered(text, rounds)
    assert report.verdict is not None, "every run has a verdict"
    return report.verdict.services[0]


KEYS = {"MinSize": "min_size", "MaxSize": "max_size", "MaxConcurrency": "max_concurrency"}


def edited(text: str, change: str) -> str:
    """Return the text of a scenario with a change such as `MinSize 3 and MaxSize 3`."""
    settings = {KEYS[name]: value for name, value in (part.split() for part in change.split(" and "))}
    lines = [line for line in text.splitlines() if line.strip().partition(":")[0] not in settings]
    place = lines.index("  web:") + 1
    return "\n".join([*lines[:place], *(f"    {key}: {value}" for key, value in settings.items()), *lines[place:]])


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (CauseKind.START_LAG, "MinSize"),
        (CauseKind.SCALE_IN, "MinSize"),
        (CauseKind.MAX_SIZE, "MinSize and MaxSize"),  # of a service that has MinSize = MaxSize
        (CauseKind.MAX_CONCURRENCY_LOW, "MaxConcurrency"),
    ],
    ids=str,
)
def test_the_proposed_change_is_enough_and_its_figures_are_those_of_a_run_with_it(
    kind: CauseKind, settings: str
) -> None:
    text = CASES[kind]
    best = part_of(text).what_ifs[0]
    assert best.is_enough
    assert re.sub(r" [0-9]+", "", best.change) == settings
    again = report_of(edited(text, best.change))
    assert (again.requests.rejected + again.requests.failed, again.month_usd) == (best.errors, best.month_usd)
    assert best.month_usd_more == pytest.approx(again.month_usd - report_of(text).month_usd)
    errors = verdict_of(edited(text, best.change)).errors
    assert sum(best.errors_by_bin) == sum(sum(each.counts) for each in errors)


def test_a_smaller_change_than_the_proposed_one_is_not_enough() -> None:
    part = part_of(CASES[CauseKind.MAX_SIZE])
    assert (part.what_ifs[0].change, part.what_ifs[0].is_enough) == ("MinSize 3 and MaxSize 3", True)
    assert part.not_enough == ["MinSize 2 and MaxSize 2"]
    smaller = report_of(edited(CASES[CauseKind.MAX_SIZE], "MinSize 2 and MaxSize 2"))
    assert smaller.requests.rejected > part.lost / 100


def test_a_crash_needs_a_spare_instance_above_max_size() -> None:
    assert part_of(CASES[CauseKind.CRASH]).what_ifs[0].change == "MinSize 3 and MaxSize 3"


def test_a_loss_by_retries_is_played_without_them() -> None:
    assert "Clients without retries" in {each.change for each in part_of(CASES[CauseKind.RETRIES]).what_ifs}


def test_more_connections_are_played_where_the_limit_was_reached() -> None:
    part = part_of(CASES[CauseKind.DOWNSTREAM])
    assert any(each.change.endswith("connections to db") for each in part.what_ifs)
    assert part.what_ifs[0].is_enough


@pytest.mark.parametrize("kind", [CauseKind.MAX_CONCURRENCY_HIGH, CauseKind.THROTTLED_CPU], ids=str)
def test_busy_cpus_get_other_limits_or_more_of_them(kind: CauseKind) -> None:
    part = part_of(CASES[kind])
    assert part.what_ifs[0].errors < part.lost
    assert {each.cause for each in part.what_ifs} == {kind}


@pytest.mark.parametrize("text", [ANSWERED, CASES[CauseKind.APPLICATION], CASES[CauseKind.TIME_OUT]])
def test_nothing_is_played_without_a_loss_that_a_setting_prevents(text: str) -> None:
    report, played = answered(text)
    assert played == []
    assert report == report_of(text)


def test_the_text_ends_with_the_proposed_change() -> None:
    report, _ = answered(CASES[CauseKind.MAX_SIZE])
    assert report.verdict is not None
    best = report.verdict.services[0].what_ifs[0]
    assert report.verdict.text == report.verdict.services[0].text
    assert f"{best.change} would have rejected none, for $" in report.verdict.text


def test_no_more_rounds_are_played_than_allowed() -> None:
    assert len(answered(CASES[CauseKind.SCALE_IN], 1)[1]) == 1
    assert answered(CASES[CauseKind.SCALE_IN], 0)[0] == report_of(CASES[CauseKind.SCALE_IN])


def test_a_long_run_is_not_played_again_by_default_and_says_so() -> None:
    text = CASES[CauseKind.MAX_SIZE]
    report = report_of(text)
    whole = report.requests.whole_run.model_copy(update={"requests": REQUESTS_MAX + 1})
    long = report.model_copy(update={"requests": report.requests.model_copy(update={"whole_run": whole})})
    verdict = with_played_changes(long, scenario_of(text)).verdict
    assert verdict is not None
    assert verdict.not_played == f"the run has {REQUESTS_MAX + 1:,} requests; --what-ifs 3 plays it three times"
    assert verdict.services[0].what_ifs == []


def test_the_digest_is_that_of_the_run() -> None:
    report, _ = answered(CASES[CauseKind.MAX_SIZE])
    assert report.digest == report_of(CASES[CauseKind.MAX_SIZE]).digest
