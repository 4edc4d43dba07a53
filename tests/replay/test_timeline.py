"""The timeline does what it says, at its time, and writes it down."""

from __future__ import annotations

from simulator.model.instance import InstanceState
from simulator.records.facts import ConfigurationChanged, Fact, InstanceMoved, TimelineActed
from simulator.replay.report import RunRecord
from simulator.replay.runner import Run, play
from simulator.replay.scenario import read_scenario

BASE = """
duration: 60s
seed: 3
services:
  web:
    max_concurrency: 4
    min_size: 2
    max_size: 4
    policy: {name: app-runner, window: 5s, start_lag: 1s}
    health_check: {interval: 1s, unhealthy_threshold: 2}
    application: {simulated: {start_up: 500ms, io: 50ms}}
traffic:
  - {name: steady, clock: {rate: 20/s}}
timeline:
"""


def played(event: str) -> RunRecord:
    return play(Run(read_scenario(BASE + event)))


def acts(facts: list[Fact]) -> list[tuple[float, str]]:
    return [(fact.at_s, fact.detail) for fact in facts if isinstance(fact, TimelineActed)]


def deaths(record: RunRecord) -> list[tuple[float, int, str]]:
    return [
        (fact.at_s, fact.instance, fact.why)
        for fact in record.facts
        if isinstance(fact, InstanceMoved) and fact.after is InstanceState.STOPPED and fact.before.value != "draining"
    ]


def test_a_killed_instance_dies_at_once_and_is_replaced() -> None:
    record = played("  - {at: 20s, kill_instance: {service: web, which: newest}}\n")
    assert acts(list(record.facts)) == [(20.0, "web: instance 2 killed")]
    [(at_s, number, why)] = deaths(record)
    assert (at_s, number) == (20.0, 2)
    assert "Container exit code: 137" in why
    launched = [fact for fact in record.facts if isinstance(fact, InstanceMoved) and fact.why == "launched"]
    assert launched[-1].instance == 3
    assert launched[-1].at_s == 21.0  # the platform's start lag of 1 s


def test_slow_starts_last_as_long_as_told() -> None:
    record = played(
        "  - {at: 10s, slow_starts: {extra: 7s, for: 15s}}\n"
        "  - {at: 20s, kill_instance: {which: oldest}}\n"
        "  - {at: 40s, kill_instance: {which: oldest}}\n"
    )
    launched = [
        fact.at_s for fact in record.facts if isinstance(fact, InstanceMoved) and fact.why == "launched" and fact.at_s
    ]
    assert launched == [28.0, 41.0]
    assert acts(list(record.facts))[2] == (25.0, "web: starts take 0ms longer")


def test_failing_health_checks_replace_the_instance_after_the_threshold() -> None:
    record = played("  - {at: 10.5s, fail_health_checks: {which: oldest, for: 5s}}\n")
    [(at_s, number, why)] = deaths(record)
    assert number == 1
    assert why == "unhealthy: failed by the timeline"
    assert at_s == 12.0  # probes each whole second; the second failure in a row counts


def test_another_auto_scaling_configuration_holds_from_its_time_on() -> None:
    record = played("  - {at: 30s, update_auto_scaling: {min_size: 4, max_concurrency: 7}}\n")
    changed = [fact for fact in record.facts if isinstance(fact, ConfigurationChanged)]
    assert changed == [ConfigurationChanged(30.0, "web", max_concurrency=7, min_size=4, max_size=4)]
    launched = [fact.instance for fact in record.facts if isinstance(fact, InstanceMoved) and fact.why == "launched"]
    assert launched == [1, 2, 3, 4]


def test_a_rate_action_changes_the_traffic_and_is_written_down() -> None:
    record = played("  - {at: 30s, rate: {source: steady, factor: 3, for: 10s}}\n")
    assert sum(record.tallies.whole().statuses.values()) == 50 * 20 + 10 * 60
    assert acts(list(record.facts)) == [(30.0, "steady: rate x 3"), (40.0, "steady: rate x 1")]
