from __future__ import annotations

import pytest

from simulator.rules.deployments.circuit_breaker import CircuitBreaker
from simulator.rules.deployments.strategy import StagedDeployment, TrafficShift, canary, revision_swap


def test_the_canary_has_two_shifts_and_the_swap_has_one() -> None:
    given = canary(0.05, 180.0, 180.0, alarm=None, breaker=CircuitBreaker(), deregistration_s=300.0)
    assert given.shifts == ((0.05, 180.0), (1.0, 180.0))
    assert revision_swap().shifts == ((1.0, 0.0),)
    assert revision_swap().alarm is None


@pytest.mark.parametrize("shares", [(), (0.5,), (0.5, 0.2, 1.0), (0.0, 1.0)])
def test_the_shares_increase_to_all(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="must increase from above 0 to 1"):
        StagedDeployment(tuple(TrafficShift(share, 1.0) for share in shares))


def test_times_are_not_negative() -> None:
    with pytest.raises(ValueError, match="deregistration = -1 s"):
        StagedDeployment((TrafficShift(1.0, 0.0),), deregistration_s=-1.0)
    with pytest.raises(ValueError, match="bake = -1 s"):
        StagedDeployment((TrafficShift(1.0, -1.0),))
