"""The settings of a pool: defaults with a source, and what is rejected."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.fleet.pool.settings import PoolSettings
from simulator.model.scaling import AutoScalingConfiguration

SCALING = AutoScalingConfiguration(max_concurrency=10, min_size=2, max_size=5)


def test_the_defaults_are_app_runners() -> None:
    settings = PoolSettings("web")
    assert settings.request_timeout_s == 120
    assert settings.port == 8080
    assert (settings.capacity, settings.initial_size, settings.route_after_s) == (None, 1, 0)


@pytest.mark.parametrize("name", ["request_timeout_s", "startup_allowance_s"])
def test_a_time_that_something_needs_is_more_than_nothing(name: str) -> None:
    for seconds in (0.0, -1.0):
        with pytest.raises(ValueError, match=rf"{name.removesuffix('_s')} = {seconds:g} s, must be more than 0 s"):
            PoolSettings("web", **{name: seconds})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["drain_timeout_s", "stop_grace_s", "idle_after_s", "route_after_s", "startup_probe_s"]
)
def test_a_wait_may_be_nothing_and_not_less(name: str) -> None:
    told: dict[str, Any] = {name: 0.0}
    PoolSettings("web", **told)
    with pytest.raises(ValueError, match=rf"{name.removesuffix('_s')} = -1 s, must be at least 0 s"):
        PoolSettings("web", **{name: -1.0})  # type: ignore[arg-type]


def test_an_unknown_balancing_is_explained_with_the_nearest_one() -> None:
    with pytest.raises(ValueError, match=r"balancing = 'least-outstandin', must be .*least-outstanding"):
        PoolSettings("web", balancing="least-outstandin")


@pytest.mark.parametrize("initial", [0, 5])
def test_a_run_begins_with_up_to_max_size_instances(initial: int) -> None:
    assert PoolSettings("web", scaling=SCALING, initial_size=initial).initial_size == initial
    with pytest.raises(ValueError, match="initial_size = 6, must be 0 to max_size = 5"):
        PoolSettings("web", scaling=SCALING, initial_size=6)


@pytest.mark.parametrize(("initial", "least"), [(1, 2), (4, 4)], ids=["min_size", "initial_size"])
def test_the_capacity_holds_what_the_run_begins_with(initial: int, least: int) -> None:
    assert PoolSettings("web", scaling=SCALING, initial_size=initial, capacity=least).capacity == least
    with pytest.raises(ValueError, match=f"capacity = {least - 1}, must be at least {least}, the initial instances"):
        PoolSettings("web", scaling=SCALING, initial_size=initial, capacity=least - 1)
