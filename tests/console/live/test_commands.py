"""Every command of the console: what it changes, what it records, and why it is rejected."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from simulator.assembly.composition import compose_platform
from simulator.console.live.commands import CommandHandler, CommandRejected, ScalingCommand, parse_command
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.model.text.units import duration_text
from simulator.platform.platform import Platform
from simulator.platform.revision import ServicePlan
from simulator.records.events import ConfigurationChanged, TimelineActed
from simulator.rules.policies.fixed import FixedParameters, FixedPolicy
from simulator.traffic.live_overrides import LiveOverrides
from simulator.world.playback import Playback
from simulator.world.random_streams import RandomStreams
from tests.fleet.fakes import stage_settings
from tests.virtual import run_virtual, until


def on_platform(test: Callable[[Platform], Awaitable[None]], instances: int = 3) -> None:
    """Return a decorator that runs a test with a platform whose service `web` has instances 1 to `instances`."""

    async def main() -> None:
        settings = stage_settings(initial=instances, least=instances)
        policy = FixedPolicy(FixedParameters(), settings.scaling)
        platform = compose_platform([ServicePlan(settings, policy, SimulatedApplication())], RandomStreams(7))
        await platform.open()
        platform.start()
        try:
            await test(platform)
        finally:
            await platform.close()

    run_virtual(main)


def act(handler: CommandHandler, name: str, **values: Any) -> str:
    """Carry out a command of the page for `web`."""
    service = {} if name == "clock" else {"service": "web"}
    return handler.act(parse_command(json.dumps({"act": name, **service, **values}).encode()))


def rejection(handler: CommandHandler, name: str, **values: Any) -> str:
    with pytest.raises(CommandRejected) as caught:
        act(handler, name, **values)
    return str(caught.value)


def recorded(platform: Platform) -> list[tuple[str, str]]:
    acts = [event for event in platform.journal.events if isinstance(event, TimelineActed)]
    return [(event.action, event.detail) for event in acts]


# --- parsing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"act": "traffic", "service": "web", "factor": 101}, "factor = 101: "),
        ({"act": "traffic", "service": "web", "factor": 1, "speed": 2}, "speed = 2: "),
        ({"act": "kill", "service": "web", "instance": "eldest"}, "instance.literal['oldest','newest'] = 'eldest': "),
        ({"act": "clock", "do": "step", "seconds": 0}, "seconds = 0: "),
        ({"act": "deploy"}, "service = "),
        ({"act": "stop"}, "the act = {'act': 'stop'}: "),
    ],
)
def test_a_command_that_is_not_understood_is_rejected_with_its_place_and_value(body: Any, place: str) -> None:
    with pytest.raises(CommandRejected) as caught:
        parse_command(json.dumps(body).encode())
    assert place in str(caught.value)


def test_a_body_that_is_not_json_is_rejected() -> None:
    with pytest.raises(CommandRejected, match="Invalid JSON"):
        parse_command(b"{")


# --- the service ---------------------------------------------------------------------------------------------------


def test_traffic_is_multiplied_and_the_fact_recorded() -> None:
    async def test(platform: Platform) -> None:
        overrides = LiveOverrides(["web"])
        assert act(CommandHandler(platform, overrides=overrides), "traffic", factor=2.5) == "web: traffic x 2.5"
        assert overrides.factor("web") == 2.5
        assert recorded(platform) == [("console: traffic", "web: traffic x 2.5")]

    on_platform(test)


def test_traffic_from_outside_cannot_be_multiplied() -> None:
    async def test(platform: Platform) -> None:
        assert rejection(CommandHandler(platform), "traffic", factor=2) == (
            "the traffic comes from outside and cannot be changed here"
        )
        assert recorded(platform) == []

    on_platform(test)


@pytest.mark.parametrize(("which", "number"), [("oldest", 1), ("newest", 3), (2, 2)])
def test_the_chosen_instance_is_killed(which: str | int, number: int) -> None:
    async def test(platform: Platform) -> None:
        service = platform.services["web"]
        text = f"web: instance {number} killed"
        assert act(CommandHandler(platform), "kill", instance=which) == text
        await until(lambda: number not in service.pool.ready)
        assert {1, 2, 3} - set(service.pool.ready) == {number}
        assert recorded(platform) == [("console: kill", text)]

    on_platform(test)


def test_an_instance_that_does_not_run_cannot_be_killed() -> None:
    async def test(platform: Platform) -> None:
        handler = CommandHandler(platform)
        assert rejection(handler, "kill", instance=4) == "instance = 4, must be a running instance"
        assert sorted(platform.services["web"].pool.ready) == [1, 2, 3]
        for instance in platform.services["web"].living():
            instance.backend.kill()
        await until(lambda: not platform.services["web"].pool.ready)
        assert rejection(handler, "kill", instance="oldest") == "web: no instance is ready, so none can be killed"

    on_platform(test)


def test_scaling_changes_the_given_numbers_and_keeps_the_others() -> None:
    async def test(platform: Platform) -> None:
        text = act(CommandHandler(platform), "scaling", max_size=5)
        scaling = platform.services["web"].pool.scaling
        assert (scaling.max_concurrency, scaling.min_size, scaling.max_size) == (1, 3, 5)
        assert text == f"web: {scaling}"
        (changed,) = [event for event in platform.journal.events if isinstance(event, ConfigurationChanged)]
        assert (changed.service, changed.max_size) == ("web", 5)

    on_platform(test)


def test_numbers_that_contradict_each_other_are_rejected_and_change_nothing() -> None:
    async def test(platform: Platform) -> None:
        before = platform.services["web"].pool.scaling
        assert "max_size" in rejection(CommandHandler(platform), "scaling", max_size=2)
        assert platform.services["web"].pool.scaling == before
        assert recorded(platform) == []

    on_platform(test)


def test_a_control_plane_sets_the_configuration_itself() -> None:
    async def test(platform: Platform) -> None:
        configured: list[ScalingCommand] = []

        def configure(command: ScalingCommand) -> str:
            configured.append(command)
            return "web: updated"

        before = platform.services["web"].pool.scaling
        assert act(CommandHandler(platform, configure=configure), "scaling", min_size=2) == "web: updated"
        assert [(command.service, command.min_size) for command in configured] == [("web", 2)]
        assert platform.services["web"].pool.scaling == before

    on_platform(test)


def test_an_operation_is_passed_to_the_control_plane() -> None:
    async def test(platform: Platform) -> None:
        calls: list[tuple[str, str]] = []

        def operate(operation: str, service: str) -> str:
            calls.append((operation, service))
            return f"{service}: {operation}"

        handler = CommandHandler(platform, operate=operate)
        for name in ("deploy", "pause", "resume"):
            assert act(handler, name) == f"web: {name}"
        assert calls == [("deploy", "web"), ("pause", "web"), ("resume", "web")]
        assert [action for action, _ in recorded(platform)] == ["console: deploy", "console: pause", "console: resume"]
        assert "needs a service behind App Runner's API" in rejection(CommandHandler(platform), "deploy")

    on_platform(test)


def test_the_nearest_name_is_given_for_an_unknown_service() -> None:
    async def test(platform: Platform) -> None:
        command = parse_command(b'{"act": "kill", "service": "wed", "instance": "oldest"}')
        with pytest.raises(CommandRejected, match=r"service = 'wed', must be .*web"):
            CommandHandler(platform).act(command)

    on_platform(test)


def test_a_paused_service_takes_traffic_and_operations_but_no_kill_and_no_scaling() -> None:
    async def test(platform: Platform) -> None:
        service = platform.services["web"]
        revision = service.switch_to(None)
        assert revision is not None
        handler = CommandHandler(
            platform, overrides=LiveOverrides(["web"]), operate=lambda operation, name: f"{name}: {operation}"
        )
        assert rejection(handler, "kill", instance="oldest") == "web is paused"
        assert rejection(handler, "scaling", max_size=9) == "web is paused"
        assert act(handler, "traffic", factor=0) == "web: traffic x 0"
        assert act(handler, "resume") == "web: resume"
        await revision.end()

    on_platform(test)


# --- the clock -----------------------------------------------------------------------------------------------------


def test_the_clock_is_paused_stepped_and_played_without_a_fact() -> None:
    async def test(platform: Platform) -> None:
        playback = Playback(lambda: 0.0, speed=2.0)
        now_s = asyncio.get_running_loop().time()
        playback.begin(now_s, playing=True)
        handler = CommandHandler(platform, playback)
        assert (act(handler, "clock", do="pause"), playback.playing) == ("paused", False)
        assert act(handler, "clock", do="step", seconds=90) == f"a step of {duration_text(90)}"
        assert playback.limit_s(now_s) == now_s + 90.0
        assert (act(handler, "clock", do="speed", speed=0.5), playback.speed) == ("0.5 virtual seconds per second", 0.5)
        assert act(handler, "clock", do="next_decision") == "to the next scaling decision"
        assert playback.stepping_open_end
        assert (act(handler, "clock", do="play"), playback.playing) == ("playing at 0.5 x", True)
        assert not playback.stepping
        assert rejection(handler, "clock", do="speed") == "speed = None: must be 0.01 to 10000"
        assert recorded(platform) == []
        assert "real time" in rejection(replace(handler, playback=None), "clock", do="pause")

    on_platform(test)
