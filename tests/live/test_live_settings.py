"""What the composition root passes on: limits to the connections of instances, ejections to the journal."""

from __future__ import annotations

import shutil
from pathlib import Path

from simulator.assembly.composition import compose_platform
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.instance import Instance
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.process.environment import ProcessApplication
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.times import LoopTime
from simulator.platform.revision import ServicePlan
from simulator.records.events import EventLogged
from simulator.replay.runner import Run, play
from simulator.rules.policies.fixed import FixedParameters, FixedPolicy
from simulator.scenario.scenario import read_scenario
from simulator.world.random_streams import RandomStreams
from tests.loops import both_loops

APPLICATION = Path(__file__).parent.parent.parent / "scenarios" / "apps" / "first_look.py"
SCENARIO = """
duration: 1s
services:
  web:
    max_size: 1
    application: {process: {command: python first_look.py}}
traffic:
  - {clock: {rate: 5/s}}
"""
SCALING = AutoScalingConfiguration(100, 1, 5)


def test_limits_reach_the_connections_to_instances(tmp_path: Path) -> None:
    """No application sends so small a head."""
    shutil.copy(APPLICATION, tmp_path)
    live = LiveSettings(tmp_path / "state", limits=DataPlaneLimits(answer_head_bytes_max=20))
    record = play(Run(read_scenario(SCENARIO, folder=tmp_path), live))
    assert record.stats_by_source.whole().statuses == {502: 5}


@both_loops
async def test_ejections_are_recorded_and_only_real_instances_are_ejected(tmp_path: Path) -> None:
    application = ProcessApplication(command=("true",), working_directory=tmp_path)
    plan = ServicePlan(PoolSettings("web", scaling=SCALING), FixedPolicy(FixedParameters(), SCALING), application)
    platform = compose_platform([plan], RandomStreams(1), live=LiveSettings(tmp_path / "state"))
    assert platform.ejection is not None
    pool = platform.services["web"].serving.upstream
    instances = [Instance(number, LoopTime(0.0)) for number in (1, 2)]
    for instance in instances:
        pool.enter(instance, front=True)
    for _ in range(platform.ejection.failures):
        pool.outliers.failed(instances[0])
    assert list(pool.outliers.ejected) == [1]
    [event] = platform.journal.events
    assert isinstance(event, EventLogged)
    assert event.line == "Instance 1 keeps failing requests and gets none for 30s"
    await platform.close()
