from __future__ import annotations

import pytest

from simulator.rules.deployments.circuit_breaker import CircuitBreaker


@pytest.mark.parametrize(("desired", "failures"), [(1, 3), (5, 3), (6, 3), (7, 4), (25, 13), (400, 200), (1000, 200)])
def test_half_of_the_desired_instances_rounded_up_between_3_and_200(desired: int, failures: int) -> None:
    assert CircuitBreaker().threshold(desired) == failures


def test_bad_bounds_are_named() -> None:
    with pytest.raises(ValueError, match="least = 4, must be 1 to most = 3"):
        CircuitBreaker(least=4, most=3)
    with pytest.raises(ValueError, match=r"share = 1\.5, must be 0 to 1"):
        CircuitBreaker(share=1.5)
