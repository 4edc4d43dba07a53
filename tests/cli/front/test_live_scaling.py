"""The admin endpoint's answers about the scaling of running services."""

from __future__ import annotations

import asyncio

import orjson

from simulator.cli.front.live_scaling import LiveScaling
from simulator.lab.why import explain
from simulator.report.decisions import ScalingPart
from tests.platform.test_service_workload import World, in_world


def test_a_service_that_runs_is_explained_and_a_paused_one_is_left_out() -> None:
    async def test(world: World) -> None:
        live = LiveScaling(world.platform)
        assert live.answer({})["services"] == []
        arn = await world.running()
        await asyncio.sleep(5)
        answer = orjson.loads(orjson.dumps(live.answer({})))
        parts = [ScalingPart.model_validate(part) for part in answer["services"]]
        (sentence,) = explain(parts, answer["now_s"], "hello")
        assert "app-runner saw in_flight = 0" in sentence
        assert "and changed nothing, because " in sentence
        world.stage.call("PauseService", ServiceArn=arn)
        await world.stage.settled()
        assert live.answer({})["services"] == []

    in_world(test)
