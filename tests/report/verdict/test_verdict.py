from __future__ import annotations

import pytest

from simulator.report.verdict.part import CauseKind, ServiceVerdictPart, WhatIfPart
from simulator.report.verdict.verdict import summary, what_if_text, with_what_ifs
from tests.report.verdict.cases import ANSWERED, CASES, report_of, verdict_of


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (CauseKind.START_LAG, "because new instances took"),
        (CauseKind.SCALE_IN, "because the policy removed instances that it wanted back"),
        (CauseKind.MAX_SIZE, "because MaxSize allows no more than 1 instance"),
        (CauseKind.MAX_CONCURRENCY_LOW, "because bursts exceeded MaxConcurrency 2 of the instance"),
        (CauseKind.MAX_CONCURRENCY_HIGH, "busy before the instances reached MaxConcurrency 200"),
        (CauseKind.THROTTLED_CPU, "because the CPUs of all instances were"),
        (CauseKind.CRASH, "because 1 instance crashed at 1:00"),
        (CauseKind.DEPLOYMENT, "between 4:28 and 5:05, because a deployment replaced 3 instances by 1 at 4:28"),
        (CauseKind.TIME_OUT, "the limit of a request, 2 s"),
        (CauseKind.RETRIES, "of the requests were retries."),
        (CauseKind.DOWNSTREAM, "because no connection to db (limit 2) was free"),
        (CauseKind.NETWORK_FAULT, "between 1:00 and 1:30, because the timeline injected a network fault"),
        (CauseKind.APPLICATION, "throughout the run, because the application answered 500"),
    ],
    ids=str,
)
def test_the_text_names_the_cause_with_its_evidence(kind: CauseKind, words: str) -> None:
    assert words in verdict_of(CASES[kind]).text


def test_the_text_has_the_counts_of_the_report() -> None:
    requests = report_of(CASES[CauseKind.MAX_SIZE]).requests
    assert verdict_of(CASES[CauseKind.MAX_SIZE]).text.startswith(
        f"{requests.rejected:,} of {requests.requests:,} requests ({requests.rejected_ratio:.1%}".replace("%", " %")
    )


def test_a_run_without_a_loss_says_so() -> None:
    assert verdict_of(ANSWERED).text == "All 2,400 requests were answered; 95 % of them within 100 ms."


def _part(service: str, lost: int) -> ServiceVerdictPart:
    return ServiceVerdictPart(service=service, text=f"About {service}.", lost=lost, causes=[], errors=[])


@pytest.mark.parametrize(
    ("lost", "text"),
    [
        ({"a": 5}, "About a."),
        ({"a": 5, "b": 7, "c": 0}, "About b. Other services lost requests too: a 5."),
        ({"a": 0, "b": 7}, "About b. The other services lost none."),
    ],
)
def test_the_summary_is_about_the_service_that_lost_most(lost: dict[str, int], text: str) -> None:
    assert summary([_part(*item) for item in lost.items()]) == text


@pytest.mark.parametrize(
    ("errors", "more", "is_enough", "text"),
    [
        (0, 61.0, True, "MinSize 9 would have lost none, for $61.00 a month more."),
        (0, -2.5, True, "MinSize 9 would have lost none, for $2.50 a month less."),
        (1, 0.0, True, "MinSize 9 would have lost only 1 (0.100 %), at the same cost."),
        (40, 61.0, False, "No change that was played is enough; MinSize 9 would still have lost 40 (4.00 %), for"),
        (400, 61.0, False, "No change that was played helps; MinSize 9 would have lost 400 (40.0 %)."),
    ],
)
def test_the_sentence_about_the_proposed_change(errors: int, more: float, is_enough: bool, text: str) -> None:
    played = WhatIfPart(
        change="MinSize 9",
        cause=CauseKind.START_LAG,
        rejected=errors,
        errors=errors,
        requests=1000,
        error_rate=errors / 1000,
        p95_s=0.1,
        month_usd=100.0 + more,
        month_usd_more=more,
        is_enough=is_enough,
        errors_by_bin=[errors],
    )
    assert what_if_text(_part("a", 100), [played]).startswith(text)
    assert with_what_ifs(_part("a", 100), [played]).text.startswith(f"About a. {text}")
