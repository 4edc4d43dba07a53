from __future__ import annotations

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.bounds import bounded


@pytest.mark.parametrize(
    ("asked", "result"),
    [(1, (2, ("rate", "min_size = 2"))), (3, (3, ("rate",))), (9, (5, ("rate", "max_size = 5")))],
)
def test_the_bound_that_changed_the_desired_count_is_named_last(
    asked: int, result: tuple[int, tuple[str, ...]]
) -> None:
    assert bounded(asked, AutoScalingConfiguration(10, 2, 5), ("rate",)) == result
