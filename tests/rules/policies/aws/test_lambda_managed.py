"""Lambda Managed Instances: half of the capacity stays free, requests start nothing, and scale-in is gradual."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.replay.runner import Run, play
from simulator.rules.platforms.presets import platform_named
from simulator.rules.policies.aws.lambda_managed import LambdaManagedParameters, LambdaManagedPolicy
from simulator.rules.policies.port import Decision
from simulator.scenario.scenario import read_scenario
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=64, min_size=3, max_size=1000)


def steady(in_flight: float, cpu_s: float = 0.0) -> Decision:
    policy = LambdaManagedPolicy(LambdaManagedParameters(), SCALING)
    for second in range(600):
        policy.observe(sample(second, in_flight, cpu_s=cpu_s))
    return policy.decide(observation(600, SCALING, ready=3))


@pytest.mark.parametrize(("in_flight", "want"), [(0, 3), (96, 3), (97, 4), (640, 20)])
def test_half_of_the_slots_are_used_and_never_fewer_than_three_instances(in_flight: float, want: int) -> None:
    assert steady(in_flight).desired == want


@pytest.mark.parametrize(("cpu_s", "want"), [(1.5, 3), (1.6, 4), (10, 20)])
def test_half_of_the_cpu_is_used(cpu_s: float, want: int) -> None:
    assert steady(1.0, cpu_s).desired == want
    assert steady(640.0, cpu_s).desired == 20


def test_a_queued_request_starts_nothing() -> None:
    policy = LambdaManagedPolicy(LambdaManagedParameters(), SCALING)
    assert not policy.reacts_to_queue
    assert policy.decide(observation(5, SCALING, ready=3, in_flight=192, waiting=1000)).desired == 3


def test_instances_leave_one_after_another_over_five_minutes() -> None:
    policy = LambdaManagedPolicy(LambdaManagedParameters(), SCALING)
    for second in range(30):
        policy.observe(sample(second, 32.0 * 13))
    counts = [policy.decide(observation(30, SCALING, ready=13)).desired]
    for at_s in range(60, 400, 10):
        policy.observe(sample(at_s - 1, 0.0))
        counts.append(policy.decide(observation(at_s, SCALING, ready=13)).desired)
    assert (counts[0], counts[-1]) == (13, 3)
    assert max(before - after for before, after in pairwise(counts)) <= 2
    assert counts.index(3) * 10 + 20 >= 230  # a tenth of 13 each 30 s leaves 3 after 230 s


def rejected_share(factor: float, ramp_s: int) -> float:
    """Return the share of rejected requests of a service whose traffic grows by `factor` within `ramp_s`."""
    base = 300
    scenario = {
        "version": 1,
        "duration": "20 min",
        "services": {
            "web": {
                "cpu": "1 vCPU",
                "memory": "2 GB",
                "min_size": 3,
                "max_size": 100,
                "max_concurrency": 64,
                "policy": "lambda-managed",
                "application": {"simulated": {"io": "320ms"}},
            }
        },
        "traffic": [
            {
                "spike": {
                    "base": f"{base}/s",
                    "peak": f"{factor * base}/s",
                    "at": "400s",
                    "rise": f"{ramp_s}s",
                    "for": "400s",
                    "fall": "1s",
                }
            }
        ],
    }
    record = play(Run(read_scenario(json.dumps(scenario), file="grow.yaml", folder=Path.cwd())), signals=False)
    (service,) = record.services
    statuses = record.stats_by_source.whole().statuses
    assert service.usages
    return statuses[429] / statuses.total()


@pytest.mark.slow
def test_traffic_can_double_within_five_minutes_and_is_throttled_beyond() -> None:
    """300/s for 320 ms are 96 slots of 192; a tenfold step needs 960."""
    assert rejected_share(2, 300) == 0
    assert rejected_share(10, 1) > 0.02


def test_the_preset_keeps_three_instances_and_rejects_at_once() -> None:
    preset = platform_named("lambda-managed")
    assert (preset.min_size, preset.max_concurrency, preset.overflow.holds) == (3, 64, False)
    hour_usd = preset.prices.vcpu_hour * 2 + preset.prices.gb_hour * 8
    assert hour_usd == pytest.approx(0.0816 * 1.15, rel=1e-3)


@pytest.mark.parametrize(("field", "value"), [("cpu_target", 0.0), ("concurrency_target", 1.5), ("window_s", 0.5)])
def test_numbers_out_of_range_are_rejected(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field.removesuffix("_s")):
        LambdaManagedParameters(**{field: value})
