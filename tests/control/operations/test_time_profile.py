from __future__ import annotations

import math
import statistics

import pytest

from simulator.control.operations.time_profile import APP_RUNNER, APP_RUNNER_SPREAD, INSTANT, profile_named
from simulator.model.resources.operation import OperationType
from simulator.model.resources.phase import Phase
from simulator.world.distributions import Constant


@pytest.mark.parametrize("is_image", [True, False])
def test_the_phases_come_one_after_the_other(is_image: bool) -> None:
    phases = [phase for phase in Phase if not is_image or phase not in {Phase.SOURCE_PULLED, Phase.BUILDING}]
    times = [APP_RUNNER.phase_s(OperationType.CREATE_SERVICE, phase, is_image=is_image) for phase in phases]
    assert times == sorted(times)
    assert len(set(times)) == len(times)


def test_the_intervals_are_those_of_the_facts() -> None:
    def at_s(phase: Phase) -> float:
        return APP_RUNNER.phase_s(OperationType.UPDATE_SERVICE, phase, is_image=True)

    assert at_s(Phase.HEALTH_CHECKING) - at_s(Phase.PROVISIONING) == 10
    assert 82 <= at_s(Phase.HEALTHY) - at_s(Phase.HEALTH_CHECKING) <= 92
    assert 65 <= at_s(Phase.ROUTED) - at_s(Phase.HEALTHY) <= 71
    assert 2 <= at_s(Phase.DONE) - at_s(Phase.ROUTED) <= 11
    pause = APP_RUNNER.phase_s(OperationType.PAUSE_SERVICE, Phase.DONE, is_image=True)
    assert 120 <= pause <= 300


def test_the_instant_profile_has_no_waits() -> None:
    for operation in OperationType:
        for phase in Phase:
            assert INSTANT.phase_s(operation, phase, is_image=True) == 0
    assert (INSTANT.failed_s(Phase.ROUTED), INSTANT.rolled_back_s(Phase.ROUTED)) == (0, 0)


def test_a_factor_scales_every_interval() -> None:
    half = profile_named("app-runner", 0.5)
    assert half.phase_s(OperationType.CREATE_SERVICE, Phase.DONE, is_image=True) == 150
    assert half.scaled_ingress_s == APP_RUNNER.ingress_s / 2


def test_a_large_image_takes_longer_to_pull() -> None:
    assert APP_RUNNER.pull_s(1_000_000_000) == pytest.approx(20.0)
    assert profile_named("app-runner", 0.5).pull_s(1_000_000_000) == pytest.approx(10.0)
    assert INSTANT.pull_s(1_000_000_000) == 0.0


IDS = [f"{number:032x}" for number in range(400)]


def wholes(kind: OperationType, *, is_image: bool) -> list[float]:
    drawn = [APP_RUNNER_SPREAD.whole_s(kind, each, is_image=is_image) for each in IDS]
    return [each for each in drawn if each is not None]


@pytest.mark.parametrize(
    ("kind", "is_image", "low_s", "median_s", "high_s"),
    [
        (OperationType.CREATE_SERVICE, True, 250, 300, 360),  # 5 min 0 s (R#128), and 159 / 184 of it (R#142)
        (OperationType.UPDATE_SERVICE, True, 250, 300, 360),
        (OperationType.START_DEPLOYMENT, False, 900, 1039, 1200),  # 15 to 20 min
        (OperationType.PAUSE_SERVICE, True, 120, 190, 300),  # 2 to 5 min
        (OperationType.RESUME_SERVICE, False, 120, 190, 300),
    ],
)
def test_durations_spread_over_the_published_ranges(
    kind: OperationType, is_image: bool, low_s: float, median_s: float, high_s: float
) -> None:
    drawn = wholes(kind, is_image=is_image)
    assert statistics.median(drawn) == pytest.approx(median_s, rel=0.05)
    inside = sum(low_s <= each <= high_s for each in drawn) / len(drawn)
    assert 0.84 <= inside <= 0.96  # nine tenths; the standard error for 400 operations is 1.5 %


def test_the_spread_of_creations_is_that_of_the_two_published_ones() -> None:
    first_s, second_s = 300 - 116, 159  # from provisioning to RUNNING
    sigma = statistics.stdev([math.log(first_s), math.log(second_s)])
    drawn = [math.log(each) for each in wholes(OperationType.CREATE_SERVICE, is_image=True)]
    assert statistics.stdev(drawn) == pytest.approx(sigma, rel=0.12)


def test_an_operation_keeps_its_duration_and_its_phases_keep_their_shares() -> None:
    kind = OperationType.CREATE_SERVICE
    whole_s = APP_RUNNER_SPREAD.whole_s(kind, IDS[7], is_image=True)
    assert whole_s == APP_RUNNER_SPREAD.whole_s(kind, IDS[7], is_image=True)
    assert whole_s != APP_RUNNER_SPREAD.whole_s(kind, IDS[8], is_image=True)
    assert whole_s is not None
    routed_s = APP_RUNNER_SPREAD.phase_s(kind, Phase.ROUTED, is_image=True, whole_s=whole_s)
    assert routed_s / whole_s == pytest.approx(289 / 300)
    assert APP_RUNNER.whole_s(kind, IDS[7], is_image=True) is None


@pytest.mark.parametrize("name", ["instant", "app-runner", "app-runner-spread"])
def test_a_duration_of_ones_own_replaces_that_of_the_profile(name: str) -> None:
    laws = {OperationType.PAUSE_SERVICE: Constant(0.0), OperationType.UPDATE_SERVICE: Constant(600.0)}
    profile = profile_named(name, 0.5, laws)
    pause_s = profile.whole_s(OperationType.PAUSE_SERVICE, IDS[0], is_image=True)
    assert profile.phase_s(OperationType.PAUSE_SERVICE, Phase.DONE, is_image=True, whole_s=pause_s) == 0
    update_s = profile.whole_s(OperationType.UPDATE_SERVICE, IDS[0], is_image=False)
    assert profile.phase_s(OperationType.UPDATE_SERVICE, Phase.DONE, is_image=False, whole_s=update_s) == 300
    resume_s = profile.whole_s(OperationType.RESUME_SERVICE, IDS[0], is_image=True)
    assert (resume_s is None) == (name != "app-runner-spread")


def test_an_invalid_profile_name_or_factor_is_rejected() -> None:
    with pytest.raises(ValueError, match="time profile = 'fast', must be one of instant, app-runner"):
        profile_named("fast")
    with pytest.raises(ValueError, match="time factor = -1, must be at least 0"):
        profile_named("instant", -1)
    with pytest.raises(ValueError, match="time factor = nan"):
        profile_named("instant", float("nan"))


@pytest.mark.case("P8")
def test_a_start_may_take_a_minute_with_the_instant_profile() -> None:
    assert INSTANT.startup_allowance_s == profile_named("instant", 5.0).startup_allowance_s == 60.0
    assert APP_RUNNER.startup_allowance_s == profile_named("app-runner", 0.01).startup_allowance_s == 300.0
