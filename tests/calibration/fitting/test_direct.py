"""Tests of what is read from an observation without a fit, against figures by numpy and scipy-free formulas."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simulator.calibration.fitting import direct
from simulator.calibration.observation.observation import LoadStage, ServiceObservation, StartTimes
from simulator.calibration.observation.tables import InstanceSamples
from simulator.model.sizes import InstanceSize
from simulator.scenario.sections.simulated.simulated_spec import SimulatedSpec
from simulator.world.random_streams import RandomStreams
from tests.calibration.observation.observations import observation, requests

MB = 1024**2


def started(*starts: StartTimes, size: InstanceSize | None = None) -> ServiceObservation:
    return replace(observation(), starts=starts, wakes=(), size=size or InstanceSize(1024, 2048))


def with_memory(in_flight: np.ndarray, used: np.ndarray, size_mb: int = 2048) -> ServiceObservation:
    samples = InstanceSamples.of(at_s=np.arange(len(used)) + 1.0, memory_bytes=used, in_flight=in_flight)
    stage = LoadStage(1, 1.0, float(len(used) + 1), 1.0, requests(), samples)
    return replace(observation(), loads=(stage,), size=InstanceSize(1024, size_mb))


def request_bytes(keys: dict[str, Any]) -> int:
    memory = SimulatedSpec.model_validate(keys).memory
    assert memory is not None
    return memory.request_bytes


def test_a_start_is_its_cpu_time_and_the_rest_and_both_come_back_at_the_observed_size() -> None:
    cpu_s, waited_s = [0.30, 0.34, 0.32, 0.28], [0.20, 0.24, 0.22, 0.26]
    starts = [
        StartTimes(9.0, launch_s=0.05, listening_s=2 * cpu + wait - 0.05, cpu_s=cpu)
        for cpu, wait in zip(cpu_s, waited_s, strict=True)
    ]
    part, stages = direct.start_up([started(*starts, size=InstanceSize(512, 1024))])  # half a vCPU: CPU takes twice
    simulated = SimulatedSpec.model_validate(part.keys)
    assert simulated.start_up_cpu.distribution.mean == pytest.approx(0.31)
    assert simulated.start_up.distribution.mean == pytest.approx(0.23, rel=1e-4)
    named = {each.name: each for each in part.parameters}
    waiting = named["start-up until it listens, without CPU"]
    half = 3.182446 * statistics.stdev(waited_s) / 2  # t of 3 degrees of freedom
    assert waiting.low == pytest.approx(0.23 - half)
    assert waiting.high == pytest.approx(0.23 + half)
    assert named["median start-up until the application listens"].value == pytest.approx(
        math.exp(statistics.fmean(math.log(2 * cpu + wait) for cpu, wait in zip(cpu_s, waited_s, strict=True)))
    )
    assert {stage.name: stage.count for stage in stages} == {"launch": 4, "listening": 4, "total": 4}


def test_members_have_the_start_ups_that_the_mean_allows() -> None:
    starts = [StartTimes(1.0 + extra, cpu_s=0.3) for extra in (0.0, 0.2, 0.1, 0.3, 0.15)]
    part, _ = direct.start_up([started(*starts)])
    means = [SimulatedSpec.model_validate(part.of_member(n)).start_up.distribution.mean for n in range(40)]
    waiting = next(each for each in part.parameters if each.key == ("simulated", "start_up"))
    assert waiting.low is not None
    assert waiting.high is not None
    inside = sum(waiting.low <= mean <= waiting.high for mean in means)
    assert inside >= 34  # 38 are expected; fewer than 34 have a probability of 1 %
    assert np.std(np.log(means)) > 0.03
    assert len(set(means)) == 40


def test_more_cpu_time_than_one_thread_has_counts_as_all_of_the_start() -> None:
    starts = [StartTimes(0.5, cpu_s=0.9)] * 3
    part, _ = direct.start_up([started(*starts, size=InstanceSize(2048, 4096))])
    simulated = SimulatedSpec.model_validate(part.keys)
    assert (simulated.start_up.distribution.mean, simulated.start_up_cpu.distribution.mean) == (0.0, 0.5)


@pytest.mark.parametrize("cpu_s", [math.nan, 0.0])
def test_without_cpu_times_a_start_is_a_log_normal_time(cpu_s: float) -> None:
    times_s = [0.8, 1.0, 1.25]
    part, _ = direct.start_up([started(*(StartTimes(time_s, cpu_s=cpu_s) for time_s in times_s))])
    assert set(part.keys) == {"start_up"}
    sigma = statistics.stdev(map(math.log, times_s))
    assert part.keys["start_up"] == {
        "lognormal": {"median": "1000ms", "p95": f"{1000 * math.exp(1.6448536 * sigma):.6g}ms"}
    }
    (parameter,) = part.parameters
    assert parameter.key == ("simulated", "start_up")
    one, _ = direct.start_up([started(StartTimes(0.75))])
    assert one.keys == {"start_up": "750ms"}
    assert direct.start_up([started()])[0] == direct.DirectPart({}, [])


def test_memory_is_a_line_over_the_requests_in_progress() -> None:
    rng = RandomStreams(4).stream("memory")
    in_flight = rng.uniform(0, 40, 200)
    part = direct.memory([with_memory(in_flight, 90 * MB + 3 * MB * in_flight + rng.normal(0, 4 * MB, 200))])
    memory = SimulatedSpec.model_validate(part.keys).memory
    assert memory is not None
    assert memory.at_rest_bytes == pytest.approx(90 * MB, rel=0.02)
    assert memory.request_bytes == pytest.approx(3 * MB, rel=0.02)
    rest, request = part.parameters
    assert (rest.key, request.key) == (("simulated", "memory", "at_rest"), ("simulated", "memory", "request"))
    for parameter, truth in ((rest, 90 * MB), (request, 3 * MB)):
        assert parameter.low is not None
        assert parameter.high is not None
        assert parameter.low <= truth <= parameter.high
    drawn = [request_bytes(part.of_member(number)) for number in range(40)]
    assert np.std(drawn) == pytest.approx((request.high - request.low) / 3.92, rel=0.3)  # type: ignore[operator]


def test_requests_that_were_in_progress_fit_into_the_memory() -> None:
    in_flight = np.array([0.0, 100.0] * 20)
    part = direct.memory([with_memory(in_flight, 100 * MB + 4.1 * MB * in_flight, size_mb=512)])
    assert request_bytes(part.keys) == pytest.approx(412 * MB / 101, rel=1e-4)  # 4.08 MB
    falling = direct.memory([with_memory(in_flight, 100 * MB - 0.1 * MB * in_flight)])
    assert request_bytes(falling.keys) == 0


def test_with_few_requests_in_progress_their_memory_is_unknown() -> None:
    part = direct.memory([with_memory(np.full(30, 1.0), np.full(30, 70.0 * MB))])
    assert part.keys == {"memory": {"at_rest": "70 MB", "request": "0 MB"}}
    assert [each.how for each in part.parameters] == ["measured", "unknown"]
    assert direct.memory([with_memory(np.full(3, 1.0), np.full(3, 70.0 * MB))]) == direct.DirectPart({}, [])


def test_the_keys_of_a_member_are_those_of_all_parts() -> None:
    parts = (direct.DirectPart({"a": 1}, []), direct.DirectPart({"b": 2}, [], ({"b": 3}, {"b": 4})))
    assert [direct.of_member(parts, number) for number in range(3)] == [
        {"a": 1, "b": 3},
        {"a": 1, "b": 4},
        {"a": 1, "b": 3},
    ]
