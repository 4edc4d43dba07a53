"""Tests of structures that real applications need: a lock for some routes, one processor of several."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from simulator.calibration.fitting.candidate import AppStructure, ModelCandidate
from simulator.calibration.fitting.fit_stage import FitStage, fit_stages
from simulator.calibration.fitting.laws import Family, TimeLaw
from simulator.calibration.fitting.likelihood import Likelihood
from simulator.calibration.fitting.screening import Screening
from simulator.calibration.fitting.stage_play import StagePlayer
from simulator.calibration.fitting.starting_point import CapacityFigures
from simulator.calibration.observing.observed_service import RouteLoad
from simulator.calibration.observing.virtual import observe_virtually
from simulator.model.sizes import InstanceSize
from simulator.rules.stations.cpu_quota import CpuQuota

CALL_S, OWN_S = 0.010, 0.020
ONE = TimeLaw(Family.CONSTANT, OWN_S)
NO_CPU = TimeLaw(Family.CONSTANT, 0.0)


def stage() -> FitStage:
    """Return a stage of two routes, each with half of 120 requests/s."""
    made = observe_virtually(
        {"simulated": {"io": "1ms"}},
        InstanceSize(),
        (RouteLoad("/locked"), RouteLoad("/free")),
        5,
        rates=(120,),
        level_s=20,
        wakes=False,
        backend="event-loop",
    )
    (found,) = fit_stages([made])
    return found


@pytest.mark.slow
@pytest.mark.timeout(2400)  # the kernel is compiled on first use, for minutes on a busy machine
def test_only_the_routes_of_a_lock_wait_for_it() -> None:
    measured = stage()
    candidate = ModelCandidate(
        AppStructure(pool=1, pool_routes=(0,)), (NO_CPU, NO_CPU), (ONE, ONE), call=TimeLaw(Family.CONSTANT, CALL_S)
    )
    (latency_s,) = StagePlayer(measured, 1).play(candidate, [0]).latency_s
    locked = measured.route == 0
    assert latency_s[~locked] == pytest.approx(OWN_S)
    # first come, first served by one lock (Lindley's recursion)
    free_s, expected = 0.0, []
    for at_s in measured.at_s[locked] + OWN_S:
        free_s = max(free_s, at_s) + CALL_S
        expected.append(free_s - at_s + OWN_S)
    assert latency_s[locked] == pytest.approx(np.array(expected))


@pytest.mark.parametrize(("cores", "expected"), [(1, []), (2, [1]), (4, [1, 2, 3])])
def test_fewer_processors_than_the_quota_may_use_are_tried(cores: int, expected: list[int]) -> None:
    """A vCPU as a quota on two processors: code that uses one at a time never exceeds it."""
    likelihood = SimpleNamespace(stages=[SimpleNamespace(is_live=False, quota=CpuQuota(0.1, cores))], unloaded=None)
    screening = Screening(cast("Likelihood", likelihood), CapacityFigures(50.0, 0.9, True), range(2))
    tried: list[Any] = list(screening._plain(ModelCandidate(AppStructure(), (ONE,), (ONE,)), 1.0))
    shared = [each.structure.parallelism for each in tried if not each.structure.is_first_come]
    assert [each for each in shared if each is not None] == expected
