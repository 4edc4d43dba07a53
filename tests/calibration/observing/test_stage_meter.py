"""Tests of the meter of a level."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.calibration.observing.level import Level
from simulator.calibration.observing.level_run import LevelRun
from simulator.calibration.observing.observed_service import ObservedService, RouteLoad
from simulator.calibration.observing.stage_meter import StageMeter, _between, limit_facts
from simulator.fleet.ports import ResourceUsage
from simulator.fleet.process.limits import Confinement
from simulator.model.sizes import InstanceSize

NAN = math.nan


def test_limits_are_those_that_the_driver_states() -> None:
    without = str(Confinement(None, "no permission"))
    unlimited = limit_facts(without)
    assert (unlimited.by, unlimited.cpu_limited, unlimited.memory_limited) == ("", False, True)
    assert math.isnan(unlimited.cpu_period_s)
    assert limit_facts("").by == "simulated"
    engine = limit_facts(
        "CPU and memory limits: the engine's; ephemeral storage: quota; idle instances: control groups"
    )
    assert (engine.by, engine.cpu_period_s, engine.cpu_limited) == ("container engine", 0.1, True)
    group = limit_facts("CPU and memory limits: control groups v2; at most 1024 processes; namespaces")
    assert (group.by, group.cpu_limited, group.memory_limited) == ("cgroup v2", True, True)


def test_start_up_is_divided_into_stages() -> None:
    service = ObservedService.of_application(
        {"simulated": {"start_up": "2s"}}, InstanceSize(), (RouteLoad(),), target="x"
    )
    start = LevelRun(service, Level(1, 1.0, 1.0, 3.0), 1).play().start
    assert start is not None
    assert (start.launch_s, start.listening_s, start.first_check_s) == (0.0, 2.0, 0.0)
    assert start.total_s == 2.0


@pytest.mark.parametrize("warm_up_s", [0.0, 2.0])
def test_samples_add_up_to_the_stage(warm_up_s: float) -> None:
    service = ObservedService.of_application({"simulated": {"cpu": "10ms"}}, InstanceSize(), (RouteLoad(),), target="x")
    stage = LevelRun(service, Level(1, 30.0, warm_up_s, 8.0), 1).play().stage
    samples = stage.samples
    assert samples.at_s.tolist() == list(np.arange(1.0, warm_up_s + 8.0 + 1))
    assert stage.cpu_s == pytest.approx(samples.cpu_s[samples.at_s > warm_up_s].sum())
    arrived = np.histogram(stage.requests.sent_s, np.arange(0.0, warm_up_s + 8.0 + 1))[0]
    assert samples.cpu_s == pytest.approx(0.01 * arrived, abs=0.02)


@pytest.mark.parametrize(
    ("at_s", "total", "bounds_s", "growth"),
    [
        ((0, 1, 2, 3), (0.0, 0.5, 1.5, 2.0), (1, 3), 1.5),
        ((0, 1, 2, 3), (0.0, 0.5, 1.5, 2.0), (1.5, 2.5), 0.75),
        ((0, 1, 2, 2.1, 3), (0.0, 0.5, 1.5, 1.6, NAN), (1, 2.1), 1.1),  # read after the instance had ended
        ((0, 1, 2), (0.0, 0.5, 1.5), (1, 2.5), 1.5),  # half a second more at a second per second
        ((0, 1, 2), (0.0, 0.5, 1.5), (1, 3.5), NAN),
        ((1.5, 2, 3), (0.5, 0.6, 1.5), (1, 3), NAN),
        ((0, 1), (0.0, NAN), (0, 1), NAN),
        ((), (), (0, 1), NAN),
    ],
)
def test_a_total_grows_between_two_times(
    at_s: tuple[float, ...], total: tuple[float, ...], bounds_s: tuple[float, float], growth: float
) -> None:
    found = _between(np.array(at_s, dtype=float), np.array(total, dtype=float), bounds_s)
    assert found == pytest.approx(growth, nan_ok=True)


def test_the_peak_of_the_memory_is_known_although_the_last_reading_came_after_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    simulated = {"io": "1ms", "memory": {"at_rest": "100 MB", "request": "1 MB"}}
    service = ObservedService.of_application({"simulated": simulated}, InstanceSize(), (RouteLoad(),), target="x")
    level = LevelRun(service, Level(1, 30.0, 1.0, 5.0), 1)
    usage, readings = StageMeter.usage, iter(range(100))

    def gone(meter: StageMeter) -> ResourceUsage:
        return ResourceUsage(math.nan, math.nan) if next(readings) >= 5 else usage(meter)

    monkeypatch.setattr(StageMeter, "usage", gone)
    assert 100 * 1024**2 <= level.play().stage.memory_peak_bytes < 110 * 1024**2
