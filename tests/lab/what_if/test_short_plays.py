"""Plays that end early give the counts of the complete run until then."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.lab.compare.backends import BACKENDS, BackendKind
from simulator.lab.what_if.short_plays import EndRule, play_until_decided
from simulator.report.verdict.part import CauseKind
from tests.report.verdict.cases import CASES, report_of, scenario_of

TEXT = CASES[CauseKind.MAX_SIZE]  # loses requests throughout
(*_, EVENT_LOOP) = BACKENDS
KINDS = [pytest.param(kind, marks=pytest.mark.slow) if kind is not EVENT_LOOP else kind for kind in BACKENDS]


def rejected_until(end_s: float) -> int:
    series = report_of(TEXT).services[0].series
    bins = np.arange(len(series.rejected)) * series.width_s < end_s
    return int(np.array(series.rejected)[bins].sum())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_play_ends_when_too_many_requests_are_rejected(kind: BackendKind) -> None:
    played = play_until_decided(scenario_of(TEXT), kind, {"web": EndRule(rejected_max=1000)})
    assert played.ended_s < 60.0
    assert played.rejected["web"] > 1000 >= rejected_until(played.ended_s - 1)
    assert played.rejected["web"] == rejected_until(played.ended_s)
    assert not played.record.complete


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_play_ends_at_the_given_time(kind: BackendKind) -> None:
    played = play_until_decided(scenario_of(TEXT), kind, {"web": EndRule(until_s=30.0)})
    assert played.ended_s == 30.0
    failures = played.record.stats_by_source.after_warm_up().failures
    assert failures == played.rejected["web"] == rejected_until(30.0)


def test_a_play_without_an_answer_is_the_complete_run() -> None:
    played = play_until_decided(scenario_of(TEXT), EVENT_LOOP, {"web": EndRule()})
    assert math.isinf(played.ended_s)
    assert played.record.complete
    assert played.requests == report_of(TEXT).requests.requests


def test_requests_rejected_during_the_warm_up_do_not_count() -> None:
    scenario = scenario_of(TEXT.replace("seed: 5", "seed: 5\nwarm_up: 20s"))
    played = play_until_decided(scenario, EVENT_LOOP, {"web": EndRule(rejected_max=0)})
    assert played.ended_s == 21.0
