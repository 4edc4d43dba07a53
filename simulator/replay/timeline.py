"""Executes the timeline: applies each event to the platform at its time, and records it.

Changes of rates are not applied here: the arrivals contain them from the start.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from simulator.fleet.replicas.autoscaler import change_configuration
from simulator.model.times import RunTime
from simulator.platform.faults.service_faults import LastingSpec, ServiceFaults
from simulator.platform.platform import Platform
from simulator.records.events import TimelineActed
from simulator.scenario.sections.deploy_spec import ApiCall, DeploySpec
from simulator.scenario.sections.timeline_spec import (
    EventSpec,
    FailHealthChecksSpec,
    KillInstanceSpec,
    MaintenanceSpec,
    RateSpec,
    RecycleSpec,
    SlowStartsSpec,
    UpdateAutoScalingSpec,
    WireFaultSpec,
    ZoneLossSpec,
)

if TYPE_CHECKING:
    from simulator.replay.control import RunControl


@dataclass(order=True, slots=True)
class _Action:
    at_s: RunTime
    order: int  # in the file, for events at the same time
    do: Callable[[], str] = field(compare=False)  # returns a text for the record: what was done
    name: str = field(compare=False)


class Timeline:
    """Executes the events of a scenario. An event with a duration has a second action that ends it.

    `control` is needed by events that deploy or call the API.
    """

    def __init__(self, events: Sequence[EventSpec], platform: Platform, control: RunControl | None = None) -> None:
        self._platform = platform
        self._control = control
        self._faults = ServiceFaults(platform)
        self._actions: list[_Action] = []
        self._orders = itertools.count()
        for event in events:
            self._plan(event)
        self._actions.sort()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        clock = self._platform.clock
        for act in self._actions:
            await asyncio.sleep(max(0.0, clock.loop_s(act.at_s) - loop.time()))
            self._platform.journal.record(TimelineActed(clock.at_s(), act.name, act.do()))

    def _plan(self, event: EventSpec) -> None:
        action, at_s = event.action, RunTime(event.at_s)
        match action:
            case KillInstanceSpec():
                self._add(at_s, event, lambda: self._faults.kill(action))
            case RecycleSpec():
                self._add(at_s, event, lambda: self._faults.recycle(action))
            case MaintenanceSpec() | SlowStartsSpec() | FailHealthChecksSpec() | WireFaultSpec() | ZoneLossSpec():
                numbers: list[int] = []
                self._add(at_s, event, lambda: self._begin(action, numbers))
                self._undo(at_s, action.for_s, event, lambda: self._faults.end(numbers.pop()))
            case UpdateAutoScalingSpec():
                self._add(at_s, event, lambda: self._update(action))
            case RateSpec():
                # The arrivals contain it already (traffic/shapes/arrivals.py); this only records it.
                self._add(at_s, event, lambda: f"{action.source or 'all open sources'}: rate x {action.factor:g}")
                self._undo(at_s, action.for_s, event, lambda: f"{action.source or 'all open sources'}: rate x 1")
            case DeploySpec():
                self._add(at_s, event, lambda: self._controlled.deploy(action))
            case ApiCall():
                self._add(at_s, event, lambda: self._controlled.call(action))
            case _:
                assert_never(action)

    def _add(self, at_s: RunTime, event: EventSpec, do: Callable[[], str]) -> None:
        self._actions.append(_Action(at_s, next(self._orders), do, event.action_name))

    def _undo(self, at_s: RunTime, for_s: float | None, event: EventSpec, do: Callable[[], str]) -> None:
        if for_s is not None:
            self._add(RunTime(at_s + for_s), event, do)

    # --- actions ----------------------------------------------------------------------------------------------------

    @property
    def _controlled(self) -> RunControl:
        assert self._control is not None, "this timeline needs a control plane"
        return self._control

    def _begin(self, action: LastingSpec, numbers: list[int]) -> str:
        number, said = self._faults.begin(action)
        numbers.append(number)
        return said

    def _update(self, action: UpdateAutoScalingSpec) -> str:
        service = self._platform.services[action.service]
        scaling = change_configuration(
            service.replica_set,
            max_concurrency=action.max_concurrency,
            min_size=action.min_size,
            max_size=action.max_size,
            clock=self._platform.clock,
            journal=self._platform.journal,
        )
        return f"{service.name}: {scaling}"
