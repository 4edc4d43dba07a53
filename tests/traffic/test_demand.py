"""The demand of a run's traffic, computed before the run."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest

from simulator.fleet.simulated.work import CHUNK
from simulator.records.events import ScalingDecided
from simulator.replay.runner import Run, play
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.traffic.demand import DRAWS, demand, merged, start_up_s

TEXT = """
duration: DURATION
seed: 5
services:
  web:
    max_concurrency: 2
    min_size: 1
    max_size: 25
    initial_size: 20
    policy: {name: fixed, instances: 20}
    application: {simulated: APPLICATION}
traffic:
  - TRAFFIC
"""


def scenario(traffic: str, application: str = "{io: 250ms}", duration: str = "10s") -> ScenarioSpec:
    text = TEXT.replace("TRAFFIC", traffic).replace("APPLICATION", application).replace("DURATION", duration)
    return read_scenario(text)


def test_short_requests_with_clock_spacing_need_one_instance_in_every_second() -> None:
    assert demand(scenario("clock: {rate: 4/s}"), "web").tolist() == [1] * 10


def test_a_long_request_counts_in_every_second_that_it_lasts() -> None:
    needed = demand(scenario("{until: 1s, clock: {rate: 3/s}}", "{io: 4s}"), "web")
    # Three at a time from 0.67 s to 4 s, then two and one until 4.67 s; two slots per instance.
    assert needed.tolist() == [2, 2, 2, 2, 1, 0, 0, 0, 0, 0]


def test_a_second_without_requests_needs_no_instance() -> None:
    assert demand(scenario("{from: 5s, until: 6s, clock: {rate: 4/s}}"), "web").tolist() == [0] * 5 + [1] + [0] * 4


def test_the_cpu_determines_the_demand_if_it_is_the_bottleneck() -> None:
    # 10 x 160 ms of CPU per second are 1.6 vCPU; an instance should use 0.8.
    needed = demand(scenario("clock: {rate: 10/s}", "{cpu: 160ms}"), "web")
    assert needed.tolist() == [2] * 10


def test_an_application_that_cannot_use_all_vcpus_needs_more_instances() -> None:
    # 10 x 160 ms of CPU per second on instances of 2 vCPU: an instance should use 1.6 of them, or 0.8 of one.
    for application, expected in (("{cpu: 160ms}", 1), ("{cpu: 160ms, parallelism: 1}", 2)):
        text = TEXT.replace("    max_concurrency: 2", "    cpu: 2 vCPU\n    memory: 4 GB\n    max_concurrency: 9")
        text = text.replace("TRAFFIC", "clock: {rate: 10/s}").replace("APPLICATION", application)
        assert demand(read_scenario(text.replace("DURATION", "10s")), "web").tolist() == [expected] * 10


def test_workers_count_as_slots() -> None:
    needed = demand(scenario("clock: {rate: 4/s}", "{io: 1s, workers: 1}"), "web")
    assert needed[1:].tolist() == [4] * 9


def test_the_demand_is_the_peak_of_concurrent_requests_in_the_run() -> None:
    """Twenty instances serve everything without waiting, so the rows of the run have the times of which the demand was
    computed.
    """
    asked = scenario("poisson: {rate: 30/s}", "{io: {exponential: 400ms}}")
    rows = io.StringIO()
    play(Run(asked, csv=rows))
    rows.seek(0)
    activations = [
        (float(row["intended_s"]), float(row["intended_s"]) + float(row["latency_s"])) for row in csv.DictReader(rows)
    ]
    peaks = []
    for second in range(10):
        moments = [second, *(begin for begin, _ in activations if second <= begin < second + 1)]
        peaks.append(max(sum(begin <= moment < end for begin, end in activations) for moment in moments))
    assert demand(asked, "web").tolist() == [math.ceil(peak / 2) for peak in peaks]


def test_the_demand_depends_on_the_seed_but_not_on_the_policy() -> None:
    asked = scenario("poisson: {rate: 30/s}", "{io: {exponential: 400ms}}")
    assert np.array_equal(demand(asked, "web"), demand(asked.with_policy("knative"), "web"))
    assert not np.array_equal(demand(asked, "web"), demand(asked.with_seed(6), "web"))


def test_the_demand_of_requests_that_slow_each_other_down_is_unknown() -> None:
    for key in ("contention", "coherency"):
        told = scenario("clock: {rate: 4/s}", f"{{cpu: 10ms, {key}: 1 %}}")
        assert "slow each other down" in told.demand_unknown("web")


def test_the_demand_of_a_closed_source_is_unknown() -> None:
    closed = scenario("closed: {users: 3}")
    assert "closed" in closed.demand_unknown("web")
    with pytest.raises(ValueError, match="closed load"):
        demand(closed, "web")


def test_the_work_is_sampled_in_the_same_portions_as_by_the_simulated_driver() -> None:
    assert DRAWS == CHUNK


def test_chunks_of_several_sources_are_merged_in_order() -> None:
    first = iter([np.array([1.0, 4.0]), np.array([5.0])])
    second = iter([np.array([2.0, 3.0, 4.5, 9.0])])
    assert np.concatenate(list(merged([first, second]))).tolist() == [1, 2, 3, 4, 4.5, 5, 9]


def test_a_start_up_time_ends_at_a_probe_of_the_platform() -> None:
    slow = scenario("clock: {rate: 4/s}", "{io: 1s, start_up: 6200ms}")
    assert start_up_s(slow, "web") == 7
    assert start_up_s(slow.with_services({"web": {"startup_probe_s": 5.0}}), "web") == 10
    assert start_up_s(slow.with_policy("lambda"), "web") == pytest.approx(6.2)
    assert start_up_s(slow.with_policy("knative"), "web") == pytest.approx(6.2)
    assert start_up_s(scenario("clock: {rate: 4/s}"), "web") == 0
    image = "{io: 250ms, image: {layers: {app: 6 MB}, bandwidth: 2 MB/s}}"
    assert start_up_s(scenario("clock: {rate: 4/s}", image), "web") == pytest.approx(3)


def test_the_cpu_work_of_a_start_up_takes_four_times_as_long_on_a_quarter_of_a_vcpu() -> None:
    for size, expected_s in (("1 vCPU", 3), ("0.25 vCPU", 9)):
        text = scenario_text_of_a_start(size)
        assert start_up_s(read_scenario(text), "web") == expected_s


def scenario_text_of_a_start(size: str) -> str:
    simulated = "{start_up: 1s, start_up_cpu: 2s, io: 1ms}"
    text = TEXT.replace("TRAFFIC", "clock: {rate: 1/s}").replace("APPLICATION", simulated).replace("DURATION", "9s")
    size = f"    cpu: {size}\n    memory: {'2 GB' if size == '1 vCPU' else '0.5 GB'}\n    startup_probe: 1s\n"
    health = "    health_check: {interval: 1s, healthy_threshold: 1}\n"
    return text.replace("    max_concurrency: 2\n", f"    max_concurrency: 2\n{size}{health}")


def test_the_oracle_uses_the_demand_of_its_run_and_rejects_nothing() -> None:
    asked = scenario("poisson: {rate: 30/s}", "{io: {exponential: 400ms}, start_up: 1s}").with_policy("oracle")
    record = play(Run(asked))
    assert record.stats_by_source.whole().rejected == 0
    decided = [event for event in record.events if isinstance(event, ScalingDecided)]
    assert decided
    assert max(event.desired for event in decided) <= demand(asked, "web").max()


def test_the_oracle_is_rejected_if_the_demand_cannot_be_known() -> None:
    closed = scenario("closed: {users: 3}").with_policy("oracle")
    with pytest.raises(ScenarioError, match="closed load"):
        closed.require("virtual")


SIZED = """
duration: 100s
services:
  s:
    {size}
    max_concurrency: {slots}
    max_size: 100
    policy: oracle
    application: {{simulated: {application}}}
traffic: [{{steps: {{levels: [{{for: 50s, rate: 10/s}}, {{for: 25s, rate: 50/s}}, {{for: 25s, rate: 10/s}}]}}}}]
"""
SIZES = ("cpu: 0.25 vCPU\n    memory: 0.5 GB", "cpu: 1 vCPU", "cpu: 2 vCPU\n    memory: 4 GB")
WORK = ((1, "{cpu: 20ms}"), (4, "{cpu: 20ms}"), (10, "{cpu: {exponential: 30ms}, io: 50ms}"))


@pytest.mark.case("L22")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("slots", "application"), WORK)
def test_the_demanded_instances_reject_nothing_whatever_their_size(size: str, slots: int, application: str) -> None:
    told = read_scenario(SIZED.format(size=size, slots=slots, application=application))
    whole = play(Run(told), signals=False).stats_by_source.whole()
    assert whole.requests > 1500
    assert whole.failures == 0


@pytest.mark.case("L22")
def test_a_quarter_of_a_vcpu_takes_four_times_as_long_and_needs_as_many_more_instances() -> None:
    """20 ms of CPU, one request at a time: an instance of 0.25 vCPU serves 12.5/s, of which the demand uses 80 %."""
    text = "duration: 60s\nservices: {s: {cpu: 0.25 vCPU, memory: 0.5 GB, max_concurrency: 1, max_size: 50, "
    text += "application: {simulated: {cpu: 20ms}}}}\ntraffic: [{clock: {rate: 100/s}}]"
    needed = demand(read_scenario(text), "s")
    assert set(needed.tolist()) == {10}  # 100/s x 20 ms / (0.25 x 0.8); 100/s x 80 ms need 8 slots
