"""Availability Zones: spread, loss, return and rebalancing of instances."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.fleet.replicas.zones import PlatformZones
from simulator.lab.compiled.compiled_backend import compiled_run
from simulator.model.instance import InstanceState
from simulator.records.events import InstanceMoved, TimelineActed
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord
from simulator.rules.policies.port import Actuator
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario
from tests.fleet.fakes import Stage, stage_settings
from tests.fleet.replicas.random_steps import RECYCLED_MAX, STEPS, alive, answer_all, play_step
from tests.virtual import run_virtual

LAG = Actuator(start_lag_s=30)

# The kernel is compiled on its first use on a machine, which takes tens of seconds of CPU.
BACKENDS = [
    pytest.param(Run, id="event-loop"),
    pytest.param(compiled_run, id="compiled", marks=pytest.mark.slow),
]

TEXT = """
version: 1
duration: 4 min
zones: {zones}
services:
  web:
    max_concurrency: 10
    min_size: 6
    max_size: 6
    policy: {{name: app-runner, start_lag: 20s}}
    application: {{simulated: {{start_up: 2s, io: 1s}}}}
traffic: [{{clock: {{rate: 30/s}}}}]
timeline:
  - {{at: 60s, zone_loss: {{zone: {zone}, for: 60s}}}}
"""


def zones_of(count: int) -> PlatformZones:
    zones = PlatformZones()
    zones.divide(count)
    return zones


def spread(stage: Stage) -> dict[str, int]:
    return dict(sorted(Counter(instance.zone for instance in stage.pool.ready.values()).items()))


def lose(stage: Stage, zones: PlatformZones, name: str) -> None:
    zones.lose(name)
    for instance in stage.replica_set.living():
        if instance.zone == name:
            stage.replica_set.kill(instance.number, lost_with="lost")


def test_instances_are_spread_evenly_and_removed_from_the_zone_with_the_most() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=7), zones=zones_of(3)) as stage:
            assert spread(stage) == {"a": 3, "b": 2, "c": 2}
            stage.replica_set.resize(4)
            await asyncio.sleep(1)
            assert spread(stage) == {"a": 2, "b": 1, "c": 1}

    run_virtual(main)


@pytest.mark.parametrize("at_a_time", [1, 2, 6])
def test_a_recycle_keeps_the_zones_even(at_a_time: int) -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=6), LAG, zones=zones_of(3)) as stage:
            stage.replica_set.recycle(range(1, 7), at_a_time, "recycled")
            await asyncio.sleep(300)
            assert min(stage.pool.ready) > 6
            assert spread(stage) == {"a": 2, "b": 2, "c": 2}

    run_virtual(main)


def test_replacements_of_a_lost_zone_start_in_the_others_with_the_lag_and_without_a_delay_for_crashes() -> None:
    async def main() -> None:
        zones = zones_of(3)
        async with Stage(stage_settings(initial=6), LAG, zones=zones) as stage:
            exchanges = [stage.offer() for _ in range(6)]
            lose(stage, zones, "b")
            await asyncio.sleep(29)
            assert spread(stage) == {"a": 2, "c": 2}
            assert [each.endings for each in exchanges].count([]) == 4  # those of two instances have failed
            await asyncio.sleep(2)
            assert spread(stage) == {"a": 3, "c": 3}
            assert not any("consecutive instances" in line for line in stage.lines())

    run_virtual(main)


def test_starts_in_a_lost_zone_begin_again_in_another() -> None:
    async def main() -> None:
        zones = zones_of(2)
        async with Stage(stage_settings(initial=1), LAG, zones=zones) as stage:
            stage.replica_set.resize(3)  # instance 2 in b, 3 in a
            await asyncio.sleep(10)
            lose(stage, zones, "b")
            await asyncio.sleep(31)
            assert spread(stage) == {"a": 3}
            assert stage.moves(4)[-1] == (40.0, "active")

    run_virtual(main)


def test_without_any_zone_nothing_starts_until_one_is_available() -> None:
    async def main() -> None:
        zones = zones_of(2)
        async with Stage(stage_settings(initial=2), LAG, zones=zones) as stage:
            lose(stage, zones, "a")
            lose(stage, zones, "b")
            await asyncio.sleep(300)
            assert stage.replica_set.living() == []
            zones.restore("b")
            stage.replica_set.reconcile()
            await asyncio.sleep(31)
            assert spread(stage) == {"b": 2}

    run_virtual(main)


def test_a_zone_that_is_lost_twice_returns_with_the_second_end() -> None:
    zones = zones_of(2)
    zones.lose("a")
    zones.lose("a")
    zones.restore("a")
    assert zones.available == ["b"]
    zones.restore("a")
    assert zones.available == ["a", "b"]


@given(count=st.integers(2, 6), placed=st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_rebalancing_moves_as_few_as_needed(count: int, placed: list[int]) -> None:
    async def main() -> None:
        zones = zones_of(count)
        async with Stage(stage_settings(initial=len(placed), most=20)) as stage:
            ready = stage.pool.ready
            for instance, place in zip(ready.values(), placed, strict=True):
                instance.zone = zones.names[place % count]
            counts = Counter(instance.zone for instance in ready.values())
            moved = zones.uneven(ready.values(), ready)
            # Of n instances in k zones, n mod k zones may have one more than n // k: the largest keep it.
            share, more = divmod(len(ready), count)
            largest = sorted((counts[name] for name in zones.names), reverse=True)
            needed = sum(max(0, size - share - (rank < more)) for rank, size in enumerate(largest))
            assert len(moved) == len(set(moved)) == needed

    run_virtual(main)


def played(zone: str = "b", zones: str = "3", backend: Callable[[Any], Run] = Run) -> RunRecord:
    return play(backend(read_scenario(TEXT.format(zone=zone, zones=zones))))


def moves(record: RunRecord, state: InstanceState) -> list[tuple[float, int, str]]:
    return [
        (event.at_s, event.instance, event.zone)
        for event in record.events
        if isinstance(event, InstanceMoved) and event.after is state and 50 < event.at_s < 240
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_loss_of_a_zone_in_a_run(backend: Callable[[Any], Run]) -> None:
    record = played(backend=backend)
    assert moves(record, InstanceState.STOPPED)[:2] == [(60.0, 2, "b"), (60.0, 5, "b")]
    started = moves(record, InstanceState.STARTING)
    assert started[:2] == [(80.0, 7, "a"), (80.0, 8, "c")]
    assert [event.detail for event in record.events if isinstance(event, TimelineActed)] == [
        "Availability Zone b is lost: web: instances 2, 5",
        "Availability Zone b is available again; web: instances 7, 8 are replaced",
    ]
    # 30 requests are in progress. With 70 % of 10 as the target, 5 instances are active: 6 requests each, and those of
    # two fail. The other four have 40 slots.
    statuses = record.stats_by_source.whole().statuses
    assert statuses[503] == 12
    assert set(statuses) == {200, 503}
    assert [zone for _, _, zone in started[2:]] == ["b", "b"]


@pytest.mark.slow
def test_both_backends_record_the_same_events() -> None:
    assert list(played().events) == list(played(backend=compiled_run).events)


def test_without_rebalancing_the_instances_stay_where_they_are() -> None:
    record = played(zones="{count: 3, rebalance: false}")
    assert [event.detail for event in record.events if isinstance(event, TimelineActed)][1] == (
        "Availability Zone b is available again"
    )
    assert len(moves(record, InstanceState.STARTING)) == 2


@pytest.mark.parametrize(
    ("zone", "zones", "message"),
    [
        ("d", "3", "zone_loss.zone = d, must be one of a, b, c"),
        ("a", "0", "zone_loss.zone = a, must be a zone, and the scenario has none: add `zones: 3`"),
        ("a", "7", "zones = 7, must be at most 6"),
        ("a", "{cuont: 3}", "did you mean `count`"),
    ],
)
def test_an_unknown_zone_is_rejected(zone: str, zones: str, message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        read_scenario(TEXT.format(zone=zone, zones=zones))
    assert message in str(error.value)


OF_ZONES = [st.tuples(st.just(name), st.sampled_from("abc")) for name in ("lose", "restore")]


def restore(stage: Stage, zones: PlatformZones, name: str) -> None:
    zones.restore(name)
    if name in zones.available:  # not lost a second time
        moved = zones.uneven(stage.pool.ready.values(), stage.pool.ready)
        stage.replica_set.recycle(moved, 1, "rebalanced")


@settings(deadline=None, max_examples=60)
@given(steps=st.lists(st.one_of(*STEPS, *OF_ZONES), max_size=25))
def test_every_request_ends_once_and_no_instance_serves_in_a_lost_zone(steps: list[tuple[str, Any]]) -> None:
    most = 4

    async def main() -> None:
        zones = zones_of(3)
        async with Stage(stage_settings(2, initial=3, most=most), LAG, zones=zones) as stage:
            for name, value in steps:
                match name:
                    case "lose":
                        lose(stage, zones, value)
                    case "restore" if value in zones.available:
                        pass
                    case "restore":
                        restore(stage, zones, value)
                    case _:
                        await play_step(stage, name, value)
                if name == "sleep":  # a lost instance leaves the pool in the next round of the loop
                    assert all(each.zone in zones.available for each in stage.pool.ready.values())
                assert alive(stage) <= most + RECYCLED_MAX
            answer_all(stage)
        assert [len(exchange.endings) for exchange in stage.exchanges] == [1] * len(stage.exchanges)

    run_virtual(main)
