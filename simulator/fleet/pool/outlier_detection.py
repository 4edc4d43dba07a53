"""Outlier detection: instances that fail requests repeatedly are ejected for a time, then restored (rules/ejection.py).

An ejected instance stays ready: it is probed, counted for scaling and billed. Only the pool sends it no requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from simulator.fleet.instance import Instance
from simulator.records.events import EjectionChanged
from simulator.records.journal import Journal
from simulator.rules.ejection import Ejection, EjectionSettings


@dataclass(slots=True)
class _Ejected:
    instance: Instance
    front: bool  # the tier to which it returns
    timer: asyncio.TimerHandle


class OutlierDetector:
    """Ejects and restores instances.

    `suspend` takes an instance out of service and returns whether it was in the front tier; `resume` is its opposite.
    Without `settings` no instance is ever ejected. `failing` is non-empty while some instance has a recorded failure.
    The `journal` gets an event when an instance of `service` is ejected and when it is restored.
    """

    def __init__(
        self,
        settings: EjectionSettings | None,
        ready: Mapping[int, Instance],
        suspend: Callable[[Instance], bool],
        resume: Callable[[Instance, bool], None],
        service: str,
        journal: Journal | None = None,
    ) -> None:
        self._service = service
        self._journal = Journal() if journal is None else journal
        self._rule = Ejection(settings) if settings is not None else None
        self.failing: Mapping[int, int] = self._rule.failing if self._rule is not None else {}
        self._ready = ready
        self._suspend = suspend
        self._resume = resume
        self._loop = asyncio.get_running_loop()
        self._ejected: dict[int, _Ejected] = {}

    @property
    def ejected(self) -> Collection[int]:
        """Numbers of the ready instances that are ejected."""
        return self._ejected.keys()

    def succeeded(self, instance: Instance) -> None:
        if self._rule is not None:
            self._rule.succeeded(instance.number)

    def failed(self, instance: Instance) -> None:
        """Record that the load balancer got no response from the instance."""
        if self._rule is None or instance.number not in self._ready:
            return
        until = self._rule.failed(instance.number, self._loop.time(), len(self._ready))
        if until is not None:
            timer = self._loop.call_at(until, self._restore, instance.number)
            self._ejected[instance.number] = _Ejected(instance, self._suspend(instance), timer)
            self._journal.publish(EjectionChanged(self._service, instance.number, until - self._loop.time()))

    def moved(self, instance: Instance, *, front: bool) -> bool:
        """Return True if the instance is ejected; it will then return to the tier that `front` denotes."""
        ejected = self._ejected.get(instance.number)
        if ejected is not None:
            ejected.front = front
        return ejected is not None

    def left(self, instance: Instance) -> None:
        """Remove an instance that is no longer ready."""
        if self._rule is None:
            return
        ejected = self._ejected.pop(instance.number, None)
        if ejected is not None:
            ejected.timer.cancel()
        self._rule.forget(instance.number)
        if self._rule.panics(len(self._ready)):
            for number in list(self._ejected):
                self._restore(number)

    def close(self) -> None:
        for ejected in self._ejected.values():
            ejected.timer.cancel()
        self._ejected.clear()

    def _restore(self, number: int) -> None:
        assert self._rule is not None
        ejected = self._ejected.pop(number)
        ejected.timer.cancel()
        self._rule.restored(number, self._loop.time())
        self._resume(ejected.instance, ejected.front)
        self._journal.publish(EjectionChanged(self._service, number, 0.0))
