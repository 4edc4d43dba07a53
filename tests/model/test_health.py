from __future__ import annotations

from typing import Any

import pytest

from simulator.model.health import HealthCheck, HealthProtocol


def test_the_defaults_are_app_runners() -> None:
    check = HealthCheck()
    assert (check.protocol, check.path, check.interval_s, check.timeout_s) == (HealthProtocol.TCP, "/", 5, 2)
    assert (check.healthy_threshold, check.unhealthy_threshold) == (1, 5)


@pytest.mark.parametrize("name", ["interval_s", "timeout_s", "healthy_threshold", "unhealthy_threshold"])
@pytest.mark.parametrize("value", [0, 21])
def test_a_number_out_of_range_is_refused(name: str, value: int) -> None:
    numbers: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=rf"{name.removesuffix('_s')} = {value}, must be 1 to 20"):
        HealthCheck(**numbers)


def test_a_path_starts_with_a_slash() -> None:
    with pytest.raises(ValueError, match=r"path = 'healthz', must start with /"):
        HealthCheck(path="healthz")
