"""Shadows of running services: they observe what the acting policy observes, and change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from simulator.assembly.composition import compose_platform
from simulator.platform.scaling.live_shadows import LiveShadows
from simulator.platform.scaling.policy_choice import PolicyChoice
from simulator.platform.scaling.policy_reload import PolicyReload
from simulator.platform.service_workload import WorkloadSettings
from simulator.scenario.sections.policy_spec import section_of
from simulator.world.random_streams import RandomStreams
from tests.platform.test_service_workload import World, image
from tests.virtual import run_virtual


def fixed(instances: int) -> PolicyChoice:
    section = section_of("fixed")
    assert section is not None
    return PolicyChoice(section.model_validate({"name": "fixed", "instances": instances}))


class Stage:
    def __init__(self, world: World, shadows: LiveShadows, lines: list[tuple[str, str]]) -> None:
        self.world, self.shadows, self.lines = world, shadows, lines


def with_shadows(
    choices: list[PolicyChoice], test: Callable[[Stage], Awaitable[None]], *, measured: bool = False
) -> None:
    async def main() -> None:
        world = World(settings=WorkloadSettings(policy=PolicyChoice(start_lag_s=0.0)))
        if measured:
            world = World(platform=compose_platform((), RandomStreams(7), measured=True))
        async with world:
            lines: list[tuple[str, str]] = []
            shadows = LiveShadows(world.platform, choices, *[lambda *line: lines.append(line)] * 2)
            await test(Stage(world, shadows, lines))

    run_virtual(main)


def test_a_shadow_decides_and_the_acting_policy_acts() -> None:
    async def test(stage: Stage) -> None:
        service = stage.world.service(await stage.world.running())
        assert service.shadows == {"fixed": 1}  # it begins with the desired count of the acting policy
        await asyncio.sleep(30)
        assert service.shadows == {"fixed": 3}
        assert service.replica_set.desired == 1
        (shadow,) = stage.shadows.of(service)
        assert (shadow.divergence.acting, shadow.divergence.most_more) == ("app-runner", 2)
        assert stage.lines[0][0] == "hello"
        assert stage.lines[0][1].startswith("shadow fixed: 1 > 3 instances, ")
        assert stage.lines[0][1].endswith("; 1 are desired")
        assert len(stage.lines) == 1

    with_shadows([fixed(3)], test)


def test_a_shadow_stays_with_its_service_through_a_deployment_and_ends_with_it() -> None:
    async def test(stage: Stage) -> None:
        arn = await stage.world.running()
        service = stage.world.service(arn)
        await asyncio.sleep(5)
        (before,) = stage.shadows.of(service)
        stage.world.stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=image("good:2"))
        await stage.world.stage.settled()
        await asyncio.sleep(5)
        (after,) = stage.shadows.of(service)
        assert after is before
        assert before.divergence.seconds >= 10
        stage.world.stage.call("DeleteService", ServiceArn=arn)
        await stage.world.stage.settled()
        other = stage.world.service(await stage.world.running())
        assert stage.shadows.of(service) == []
        assert len(stage.shadows.of(other)) == 1

    with_shadows([PolicyChoice("hpa")], test)  # its policy reads the CPU of the revision that serves


def test_the_metrics_have_the_counts_of_the_shadows() -> None:
    async def test(stage: Stage) -> None:
        await stage.world.running()
        await asyncio.sleep(5)
        metrics = stage.world.platform.metrics
        assert metrics is not None
        assert metrics.settle()["hello"].shadows == {"fixed": 2}

    with_shadows([fixed(2)], test, measured=True)


def test_a_changed_file_of_a_shadow_is_evaluated_and_a_failing_one_is_reported(tmp_path: Path) -> None:
    text = "class Own:\n    def decide(self, observation):\n        return {}\n"
    file = tmp_path / "own.py"
    file.write_text(text.format(2), encoding="utf-8")
    choice = PolicyChoice(f"{file}:Own")

    async def test(stage: Stage) -> None:
        service = stage.world.service(await stage.world.running())
        reloaded: list[str] = []
        failed = stage.lines.append
        reload = PolicyReload(
            stage.world.platform, choice, reloaded.append, lambda *line: failed(line), stage.shadows.follow
        )
        await asyncio.sleep(3)
        file.write_text(text.format("4 if observation.now_s < 20 else 1 / 0"), encoding="utf-8")
        reload.follow_file()
        await asyncio.sleep(2)
        assert service.shadows == {"Own": 4}
        assert service.replica_set.desired == 1
        assert reloaded[0].endswith("the changed file is used now, for hello")
        await asyncio.sleep(30)
        assert service.shadows == {"Own": 4}
        assert any("raised ZeroDivisionError: division by zero (own.py, line 3)" in line for _, line in stage.lines)

    with_shadows([choice], test)
