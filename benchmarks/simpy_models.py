"""The two models in SimPy, as in its documentation: a process per customer, and a process for a shared server."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

Events = Generator[simpy.Event, Any, None]


def many_servers(arrivals_s: list[float], work_s: list[float], *, servers: int) -> list[float]:
    """Play a first-come-first-served station. Return the time in the system of every customer, in order of leaving."""
    environment = simpy.Environment()
    station = simpy.Resource(environment, capacity=servers)
    latencies_s: list[float] = []

    def customer(needs_s: float) -> Events:
        came_s = environment.now
        with station.request() as turn:
            yield turn
            yield environment.timeout(needs_s)
        latencies_s.append(environment.now - came_s)

    def source() -> Events:
        for at_s, needs_s in zip(arrivals_s, work_s, strict=True):
            yield environment.timeout(at_s - environment.now)
            environment.process(customer(needs_s))

    environment.process(source())
    environment.run()
    return latencies_s


def processor_sharing(arrivals_s: list[float], work_s: list[float]) -> list[float]:
    """Play a processor that all present customers share equally.

    Return the times in the system, in order of leaving.
    """
    environment = simpy.Environment()
    processor = _Processor(environment)

    def source() -> Events:
        for at_s, needs_s in zip(arrivals_s, work_s, strict=True):
            yield environment.timeout(at_s - environment.now)
            processor.arrive(needs_s)

    environment.process(source())
    environment.run()
    return processor.latencies_s


class _Processor:
    """A server process that waits until its next customer would leave; every arrival interrupts it."""

    def __init__(self, environment: simpy.Environment) -> None:
        self.latencies_s: list[float] = []
        self._environment = environment
        self._present: list[list[float]] = []  # [seconds of remaining work, time of arrival]
        self._wakes: simpy.Event | None = None
        self._server = environment.process(self._serve())

    def arrive(self, needs_s: float) -> None:
        customer = [needs_s, self._environment.now]
        if self._wakes is not None:
            self._present.append(customer)
            self._wakes.succeed()
            self._wakes = None
        else:
            self._server.interrupt(customer)

    def _serve(self) -> Events:
        environment, present = self._environment, self._present
        while True:
            if not present:
                self._wakes = environment.event()
                yield self._wakes
            began_s, newcomer = environment.now, None
            try:
                yield environment.timeout(min(left_s for left_s, _ in present) * len(present))
            except simpy.Interrupt as interrupt:
                newcomer = interrupt.cause
            self._work((environment.now - began_s) / len(present))
            if newcomer is not None:
                present.append(newcomer)

    def _work(self, done_s: float) -> None:
        for customer in self._present:
            customer[0] -= done_s
        for customer in [customer for customer in self._present if customer[0] <= 1e-9]:
            self._present.remove(customer)
            self.latencies_s.append(self._environment.now - customer[1])
