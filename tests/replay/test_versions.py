"""Versions of services: the newest, their names, and versions that fail."""

from __future__ import annotations

import pytest

from simulator.fleet.simulated.application import SimulatedApplication
from simulator.replay.versions import EXIT_CODE, Versions
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.scenario.sections.deploy_spec import DeploySpec
from simulator.world.clock import ClockKind
from simulator.world.random_streams import RandomStreams

TEXT = """
duration: 1 min
services: {web: {application: {simulated: {io: 1ms}}}, other: {application: {simulated: {io: 1ms}}}}
traffic: [{service: web, clock: {rate: 1/s}}]
"""


def versions(scenario: ScenarioSpec) -> Versions:
    return Versions(scenario, RandomStreams(1), ClockKind.VIRTUAL)


@pytest.fixture
def scenario() -> ScenarioSpec:
    return read_scenario(TEXT)


def test_a_pushed_version_is_the_newest_of_its_service(scenario: ScenarioSpec) -> None:
    known = versions(scenario)
    first, other = known.newest("web"), known.newest("other")
    second = known.push(DeploySpec(service="web"))
    assert known.newest("web") is second
    assert known.newest("other") is other
    assert known.named("web", first.name) is first
    assert (known.knows("web"), known.knows("missing")) == (True, False)


def test_names_are_digests_and_the_same_in_every_run(scenario: ScenarioSpec) -> None:
    runs = [versions(scenario) for _ in range(2)]
    names = [[known.newest("web").name, known.push(DeploySpec(service="web")).name] for known in runs]
    assert names[0] == names[1]
    assert len(set(names[0])) == 2
    assert all(name.startswith("sha256:") and len(name) == 71 for name in names[0])


def test_a_version_that_fails_at_its_start_exits_and_one_that_fails_its_health_check_never_listens(
    scenario: ScenarioSpec,
) -> None:
    known = versions(scenario)
    good = known.application(known.newest("web"))
    start = known.application(known.push(DeploySpec(service="web", fails="start")))
    health = known.application(known.push(DeploySpec(service="web", fails="health_check")))
    pull = known.application(known.push(DeploySpec(service="web", fails="pull")))
    assert isinstance(good, SimulatedApplication)
    assert isinstance(start, SimulatedApplication)
    assert isinstance(health, SimulatedApplication)
    assert (good.exit_code, start.exit_code) == (None, EXIT_CODE)
    assert health.start_up.mean > 1e6
    assert pull == good  # its image is never started
