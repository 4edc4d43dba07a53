from __future__ import annotations

from pathlib import Path

import pytest

from simulator.ingest.load.plan import LoadSource
from simulator.scenario.problems import ScenarioError
from tests.ingest.load.jmeter.plans import element, group, plan, read, sampler, variables


def source_of(tmp_path: Path, text: str) -> LoadSource:
    (source,) = read(tmp_path, plan(text)).sources
    return source


def test_threads_start_at_equal_intervals_the_first_at_once(tmp_path: Path) -> None:
    source = source_of(tmp_path, group(sampler("/"), users=10, ramp=5, count=7))

    stages = "stages: [{duration: 4.5s, target: 10}]"
    assert source.shape == f"closed: {{users: 1, {stages}, iterations: 7, begin: request}}"
    assert (source.from_s, source.until_s) == (3, 63)


def test_values_come_from_variables_and_from_defaults_of_properties(tmp_path: Path) -> None:
    text = variables(people="${__P(users,4)}") + group(sampler("/"), users="${people}", ramp="${__property(r,,0)}")

    assert source_of(tmp_path, text).shape == (
        "closed: {users: 1, stages: [{duration: 0s, target: 4}], begin: request}"
    )


def test_users_without_a_limit_of_time_have_time_for_their_loops(tmp_path: Path) -> None:
    found = read(tmp_path, plan(group(sampler("/") * 2, ramp=5, count=10, seconds="")))

    assert found.length_s == 5 + 10 * 2 * 0.1 * 2 + 1
    assert "Visitors: at most 10 s: its users end after 10 iterations" in found.guessed


def throughput(kind: str = "ConstantThroughputTimer", **values: object) -> str:
    return element(kind, "Rate", given=values)


@pytest.mark.parametrize(
    ("timer", "shape"),
    [
        (throughput(throughput=600, calcMode=2), "clock: {rate: 5/s}"),
        (throughput(throughput=600, calcMode=0), "clock: {rate: 50/s}"),
        (throughput(throughput=600, calcMode="all active threads"), "clock: {rate: 5/s}"),
        (throughput("PreciseThroughputTimer", throughput=600, throughputPeriod=60), "poisson: {rate: 5/s}"),
    ],
)
def test_a_timer_that_holds_a_rate_makes_an_open_load(tmp_path: Path, timer: str, shape: str) -> None:
    source = source_of(tmp_path, group(timer + sampler("/a") + sampler("/b")))

    assert source.shape == shape  # two requests in each iteration
    assert source.until_s == 63


def test_a_timer_of_the_plan_divides_its_rate_among_the_groups(tmp_path: Path) -> None:
    groups = group(sampler("/a"), users=30) + group(sampler("/b"), users=10)
    sources = read(tmp_path, plan(throughput(throughput=2400, calcMode=1) + groups)).sources

    assert [source.shape for source in sources] == ["clock: {rate: 30/s}", "clock: {rate: 10/s}"]


def test_loops_end_a_load_whose_rate_is_held(tmp_path: Path) -> None:
    timer = throughput(throughput=600, calcMode=2)

    assert source_of(tmp_path, group(timer + sampler("/"), users=10, count=5)).until_s == 3 + 50 / 10


def test_each_row_of_an_ultimate_thread_group_is_a_source(tmp_path: Path) -> None:
    rows = ""
    for row in ((10, 0, 5, 60, 5), (20, 30, 10, 20, 0)):
        values = "".join(f"<stringProp name='v'>{value}</stringProp>" for value in row)
        rows += f"<collectionProp name='r'>{values}</collectionProp>"
    tag = "kg.apc.jmeter.threads.UltimateThreadGroup"
    table = f'<collectionProp name="ultimatethreadgroupdata">{rows}</collectionProp>'
    text = f'<{tag} testname="U">{table}</{tag}><hashTree/>'
    sources = read(tmp_path, plan(text)).sources

    assert [(source.from_s, source.until_s) for source in sources] == [(0, 70), (30, 60)]
    assert "stages: [{duration: 10s, target: 20}, {duration: 20s, target: 20}, {duration: 0s, target: 0}]" in (
        sources[1].shape
    )


def test_a_concurrency_thread_group_climbs_in_steps(tmp_path: Path) -> None:
    tag = "com.blazemeter.jmeter.threads.concurrency.ConcurrencyThreadGroup"
    source = source_of(tmp_path, element(tag, "C", TargetLevel=12, RampUp=1, Steps=3, Hold=2, Unit="M"))

    steps = ", ".join(f"{{duration: 0s, target: {n}}}, {{duration: 20s, target: {n}}}" for n in (4, 8, 12))
    assert source.shape == f"closed: {{users: 0, stages: [{steps}, {{duration: 120s, target: 12}}], begin: request}}"
    assert source.until_s == 180


def test_an_arrivals_thread_group_is_an_open_load(tmp_path: Path) -> None:
    tag = "com.blazemeter.jmeter.threads.arrivals.ArrivalsThreadGroup"
    source = source_of(tmp_path, element(tag, "A", TargetLevel=120, RampUp=1, Steps="", Hold=2, Unit="M"))

    assert source.shape == (
        "stages: {spacing: clock, stages: [{duration: 60s, target: 2/s}, {duration: 120s, target: 2/s}]}"
    )


def test_a_stepping_thread_group_climbs_and_descends(tmp_path: Path) -> None:
    values = {
        "ThreadGroup.num_threads": 10, "Threads initial delay": 2, "Start users count": 5, "Start users count burst": 0,
        "Start users period": 30, "Stop users count": 10, "Stop users period": 1, "flighttime": 60, "rampUp": 4,
    }  # fmt: skip
    source = source_of(tmp_path, element("kg.apc.jmeter.threads.SteppingThreadGroup", "S", given=values))

    stages = "{duration: 4s, target: 5}, {duration: 30s, target: 5}, {duration: 4s, target: 10}, "
    stages += "{duration: 60s, target: 10}, {duration: 0s, target: 0}, {duration: 0s, target: 0}"
    assert source.shape == f"closed: {{users: 0, stages: [{stages}], begin: request}}"
    assert (source.from_s, source.until_s) == (2, 100)


@pytest.mark.parametrize(
    ("tag", "values", "message"),
    [
        (
            "SteppingThreadGroup",
            {"ThreadGroup.num_threads": 10**9, "Start users count": 1},
            "Start users count = 1000000000 users in steps of 1, must be at most 10,000 steps",
        ),
        (
            "SteppingThreadGroup",
            {"ThreadGroup.num_threads": 10**9, "Start users count": 0, "Start users count burst": 5},
            "Start users count = 0, must be at most",
        ),
        ("ConcurrencyThreadGroup", {"TargetLevel": 5, "Steps": 10**9}, "Steps = 1000000000, must be at most"),
    ],
)
def test_too_many_steps_are_reported(tmp_path: Path, tag: str, values: dict[str, object], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        read(tmp_path, plan(element(tag, "S", given=values)))
