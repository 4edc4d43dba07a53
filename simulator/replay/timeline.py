"""Executes the timeline: applies each event to the platform at its time and records it.

Rates belong to the traffic: arrivals include them from the start.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from simulator.fleet.replicas.autoscaler import change_configuration
from simulator.model.text.units import duration_text
from simulator.model.times import RunTime
from simulator.platform.platform import Platform, Service
from simulator.records.events import TimelineActed
from simulator.scenario.sections.deploy_spec import ApiCall, DeploySpec
from simulator.scenario.sections.timeline_spec import (
    EventSpec,
    FailHealthChecksSpec,
    KillInstanceSpec,
    RateSpec,
    SlowStartsSpec,
    UpdateAutoScalingSpec,
    WireFaultSpec,
)

if TYPE_CHECKING:
    from simulator.replay.control import RunControl


@dataclass(order=True, slots=True)
class _Act:
    at_s: RunTime
    order: int  # the file's order among events at the same time
    do: Callable[[], str] = field(compare=False)  # returns what was done, for the record
    name: str = field(compare=False)


class Timeline:
    """Plays the events of a scenario. An event with a duration has a second action that ends it.

    `control` is needed by events that deploy or call the API.
    """

    def __init__(self, events: Sequence[EventSpec], platform: Platform, control: RunControl | None = None) -> None:
        self._platform = platform
        self._control = control
        self._acts: list[_Act] = []
        self._orders = itertools.count()
        for event in events:
            self._plan(event)
        self._acts.sort()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        clock = self._platform.clock
        for act in self._acts:
            await asyncio.sleep(max(0.0, clock.loop_s(act.at_s) - loop.time()))
            self._platform.journal.record(TimelineActed(clock.at_s(), act.name, act.do()))

    def _plan(self, event: EventSpec) -> None:
        action, at_s = event.action, RunTime(event.at_s)
        match action:
            case KillInstanceSpec():
                self._add(at_s, event, lambda: self._kill(action))
            case SlowStartsSpec():
                self._add(at_s, event, lambda: self._slow_starts(action, action.extra_s))
                self._undo(at_s, action.for_s, event, lambda: self._slow_starts(action, -action.extra_s))
            case FailHealthChecksSpec():
                failing: list[int] = []
                self._add(at_s, event, lambda: self._fail_checks(action, failing))
                self._undo(at_s, action.for_s, event, lambda: self._pass_checks(action, failing))
            case UpdateAutoScalingSpec():
                self._add(at_s, event, lambda: self._update(action))
            case WireFaultSpec():
                numbers: list[int] = []
                self._add(at_s, event, lambda: self._spoil(action, numbers))
                self._undo(at_s, action.for_s, event, lambda: self._mend(action, numbers))
            case RateSpec():
                # The arrivals include it already (traffic/shapes/arrivals.py); this only records it.
                self._add(at_s, event, lambda: f"{action.source or 'all open sources'}: rate x {action.factor:g}")
                self._undo(at_s, action.for_s, event, lambda: f"{action.source or 'all open sources'}: rate x 1")
            case DeploySpec():
                self._add(at_s, event, lambda: self._controlled.deploy(action))
            case ApiCall():
                self._add(at_s, event, lambda: self._controlled.call(action))
            case _:
                assert_never(action)

    def _add(self, at_s: RunTime, event: EventSpec, do: Callable[[], str]) -> None:
        self._acts.append(_Act(at_s, next(self._orders), do, event.action_name))

    def _undo(self, at_s: RunTime, for_s: float | None, event: EventSpec, do: Callable[[], str]) -> None:
        if for_s is not None:
            self._add(RunTime(at_s + for_s), event, do)

    # --- actions ----------------------------------------------------------------------------------------------------

    @property
    def _controlled(self) -> RunControl:
        assert self._control is not None, "this timeline needs a control plane"
        return self._control

    def _service(self, name: str) -> Service:
        return self._platform.services[name]

    def _kill(self, action: KillInstanceSpec) -> str:
        service = self._service(action.service)
        victims = _chosen(service, action.which)[: action.count]
        for number in victims:
            service.replica_set.kill(number)
        return f"{service.name}: {_instances(victims)} killed"

    def _slow_starts(self, action: SlowStartsSpec, extra_s: float) -> str:
        replica_set = self._service(action.service).replica_set
        replica_set.extra_start_s = max(0.0, replica_set.extra_start_s + extra_s)
        return f"{action.service}: starts take {duration_text(replica_set.extra_start_s)} longer"

    def _fail_checks(self, action: FailHealthChecksSpec, failing: list[int]) -> str:
        service = self._service(action.service)
        failing[:] = [ALL] if action.which == "all" else _chosen(service, action.which)[:1]
        service.replica_set.prober.failing.update(dict.fromkeys(failing))
        which = "all instances" if action.which == "all" else _instances(failing)
        return f"{service.name}: health checks of {which} fail"

    def _pass_checks(self, action: FailHealthChecksSpec, failing: list[int]) -> str:
        service = self._service(action.service)
        for number in failing:
            service.replica_set.prober.failing.pop(number, None)
        return f"{service.name}: health checks are real again"

    def _spoil(self, action: WireFaultSpec, numbers: list[int]) -> str:
        service = self._service(action.service)
        numbers.append(service.add_fault(action.fault))
        return f"{service.name}: {action.fault}"

    def _mend(self, action: WireFaultSpec, numbers: list[int]) -> str:
        service = self._service(action.service)
        service.remove_fault(numbers.pop())
        return f"{service.name}: no more {action.fault.kind}"

    def _update(self, action: UpdateAutoScalingSpec) -> str:
        service = self._service(action.service)
        scaling = change_configuration(
            service.replica_set,
            max_concurrency=action.max_concurrency,
            min_size=action.min_size,
            max_size=action.max_size,
            clock=self._platform.clock,
            journal=self._platform.journal,
        )
        return f"{service.name}: {scaling}"


ALL = 0  # the prober's number for all instances


def _chosen(service: Service, which: str) -> list[int]:
    """Return the numbers of the ready instances, the selected ones first."""
    return sorted(service.pool.ready, reverse=which == "newest")


def _instances(numbers: Sequence[int]) -> str:
    if not numbers:
        return "no instance"
    return f"instance{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"
