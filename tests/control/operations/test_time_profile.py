from __future__ import annotations

import pytest

from simulator.control.operations.time_profile import APP_RUNNER, INSTANT, profile_named
from simulator.model.resources.operation import OperationType
from simulator.model.resources.phase import Phase


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
