"""Commands from the console to a run, with their parameters.

Commands are validated here and carried out on the loop of the run. Each is recorded as an event, like an action of the
scenario's timeline, so that the report distinguishes a run with interventions from one that was only watched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from simulator.fleet.replicas.autoscaler import change_configuration
from simulator.model.text.problems import one_of
from simulator.model.text.quantities import time_text
from simulator.platform.platform import Platform, Service
from simulator.records.events import BY_CONSOLE, TimelineActed
from simulator.traffic.live_overrides import FACTOR_MAX, LiveOverrides
from simulator.world.playback import SPEED_MAX, SPEED_MIN, Playback

STEP_S_MAX: Final = 86400.0


OperationName = Literal["deploy", "pause", "resume"]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrafficCommand(_Command):
    """Multiply the traffic of a service by a factor."""

    act: Literal["traffic"]
    service: str
    factor: float = Field(ge=0, le=FACTOR_MAX)


class KillCommand(_Command):
    """End an instance as a crash would."""

    act: Literal["kill"]
    service: str
    instance: int | Literal["oldest", "newest"]


class ScalingCommand(_Command):
    """Set another auto scaling configuration; values that are left out do not change."""

    act: Literal["scaling"]
    service: str
    max_concurrency: int | None = None
    min_size: int | None = None
    max_size: int | None = None


class ClockCommand(_Command):
    """Play, pause, change the speed, or step by `seconds` of virtual time or to the next scaling decision."""

    act: Literal["clock"]
    do: Literal["play", "pause", "speed", "step", "next_decision"]
    speed: float | None = Field(None, ge=SPEED_MIN, le=SPEED_MAX)
    seconds: float = Field(1.0, gt=0, le=STEP_S_MAX)


class OperationCommand(_Command):
    """Call an operation of App Runner."""

    act: OperationName
    service: str


Command = TrafficCommand | KillCommand | ScalingCommand | ClockCommand | OperationCommand
AnyCommand = Annotated[Command, Field(discriminator="act")]
_COMMANDS: Final[TypeAdapter[Any]] = TypeAdapter(AnyCommand)


class CommandRejected(Exception):
    """The command cannot be carried out; the message gives the reason in a sentence for the user."""


def parse_command(body: bytes) -> Command:
    """Parse a command.

    Raises:
        CommandRejected: for an invalid command; the message names the place, the value and what is expected.
    """
    try:
        act: Command = _COMMANDS.validate_json(body)
    except ValidationError as error:
        given = [
            f"{'.'.join(str(part) for part in one['loc'][1:]) or 'the act'} = {one['input']!r}: {one['msg']}"
            for one in error.errors(include_url=False)
        ]
        raise CommandRejected("; ".join(given)) from error
    return act


@dataclass(frozen=True, slots=True)
class CommandHandler:
    """Carries out commands on the loop of the run. `playback` None: real time, which cannot be paused.

    `overrides` None: the traffic comes from outside. `operate` calls an operation of App Runner and describes it; None
    if there is no control plane. `configure` sets another auto scaling configuration through the control plane, if
    there is one.
    """

    platform: Platform
    playback: Playback | None = None
    overrides: LiveOverrides | None = None
    operate: Callable[[OperationName, str], str] | None = None
    configure: Callable[[ScalingCommand], str] | None = None

    def act(self, act: Command) -> str:
        """Carry out the command and describe it in a sentence. Raises CommandRejected."""
        if isinstance(act, ClockCommand):
            return self._turn_clock(act)
        service = self._service(act.service)
        if service.revision is None and not isinstance(act, TrafficCommand | OperationCommand):
            raise CommandRejected(f"{service.name} is paused")
        try:
            match act:
                case TrafficCommand():
                    if self.overrides is None:
                        raise CommandRejected("the traffic comes from outside and cannot be changed here")
                    self.overrides.set_factor(service.name, act.factor)
                    said = f"{service.name}: traffic x {act.factor:g}"
                case KillCommand():
                    said = _kill(service, act.instance)
                case ScalingCommand():
                    said = self._configure(service, act)
                case OperationCommand():
                    said = self._operate(service, act.act)
                case _:
                    assert_never(act)
        except ValueError as error:
            raise CommandRejected(str(error)) from error
        self._write_down(act.act, said)
        return said

    def _service(self, name: str) -> Service:
        services = self.platform.services
        if name not in services:
            raise CommandRejected(f"service = {name!r}, must be {one_of(name, services)}")
        return services[name]

    def _configure(self, service: Service, act: ScalingCommand) -> str:
        if self.configure is not None:
            return self.configure(act)
        scaling = change_configuration(
            service.replica_set,
            max_concurrency=act.max_concurrency,
            min_size=act.min_size,
            max_size=act.max_size,
            clock=self.platform.clock,
            journal=self.platform.journal,
        )
        return f"{service.name}: {scaling}"

    def _operate(self, service: Service, what: OperationName) -> str:
        if self.operate is None:
            raise CommandRejected(
                f"{what} = {service.name}, needs a service behind App Runner's API: see simulator serve"
            )
        return self.operate(what, service.name)

    def _turn_clock(self, act: ClockCommand) -> str:
        """Change the clock. No event is recorded, because the playback speed does not affect the run."""
        playback = self.playback
        if playback is None:
            raise CommandRejected("the run is in real time, so its clock cannot be changed")
        now_s = asyncio.get_running_loop().time()
        match act.do:
            case "play":
                playback.play(now_s)
                return f"playing at {playback.speed:g} x"
            case "pause":
                playback.pause(now_s)
                return "paused"
            case "speed":
                if act.speed is None:
                    raise CommandRejected(f"speed = None: must be {SPEED_MIN:g} to {SPEED_MAX:g}")
                playback.set_speed(act.speed, now_s)
                return f"{act.speed:g} virtual seconds per second"
            case "step":
                playback.step(now_s + act.seconds)
                return f"a step of {time_text(act.seconds)}"
            case "next_decision":
                playback.step(float("inf"))
                return "to the next scaling decision"
            case _:
                assert_never(act.do)

    def _write_down(self, action: str, said: str) -> None:
        self.platform.journal.record(TimelineActed(self.platform.clock.at_s(), f"{BY_CONSOLE}{action}", said))


def _kill(service: Service, which: int | str) -> str:
    ready = sorted(service.pool.ready)
    if isinstance(which, str):
        if not ready:
            raise CommandRejected(f"{service.name}: no instance is ready, so none can be killed")
        number = ready[0] if which == "oldest" else ready[-1]
    else:
        number = which
        if all(instance.number != number for instance in service.living()):
            raise CommandRejected(f"instance = {number}, must be a running instance")
    for revision in service.revisions:
        revision.replica_set.kill(number)  # numbers are unique within the service, so at most one revision has this one
    return f"{service.name}: instance {number} killed"
