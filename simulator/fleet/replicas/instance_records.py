"""Records of the instances of one service: state changes, lines of the event log, crashes."""

from __future__ import annotations

import asyncio

from simulator.fleet.instance import Instance, Termination
from simulator.model.instance import InstanceEvent
from simulator.records.events import EventLogged, InstanceMoved, InstanceReported, StartProbeFailed
from simulator.records.journal import Journal
from simulator.world.clock import RunClock


class InstanceRecords:
    """Records state changes and crashes of instances.

    `crashed`: done at the first crash of an instance that was still needed. `lost`: done at the first such crash after
    which no instance is ready.
    """

    def __init__(self, service: str, revision: int, clock: RunClock, journal: Journal) -> None:
        """Create it. `revision`: number of the revision within the service."""
        self._service = service
        self._revision = revision
        self._clock = clock
        self._journal = journal
        loop = asyncio.get_running_loop()
        self.crashed: asyncio.Future[Termination] = loop.create_future()
        self.lost: asyncio.Future[Termination] = loop.create_future()

    def move(self, instance: Instance, event: InstanceEvent, why: str) -> None:
        """Move the instance to its next state and record the change."""
        before = instance.state
        instance.move(event)
        self._journal.record(
            InstanceMoved(
                self._clock.at_s(),
                self._service,
                instance.number,
                before,
                instance.state,
                why or event.value,
                instance.zone,
            )
        )

    def line(self, text: str) -> None:
        """Record a line in the event log."""
        self._log(text, is_start=False)

    def start_line(self, text: str) -> None:
        """Record a line in the event log about what delays the start of an instance."""
        self._log(text, is_start=True)

    def probe_failed(self, number: int, why: str) -> None:
        """Publish that a health check of an instance that starts has failed."""
        self._journal.publish(StartProbeFailed(self._service, number, why))

    def _log(self, text: str, *, is_start: bool) -> None:
        self._journal.record(EventLogged(self._clock.at_s(), self._service, text))
        self._journal.publish(InstanceReported(self._service, self._revision, text, is_start))

    def missed(self, ending: Termination, *, ready: int) -> None:
        """Record that a needed instance has ended; `ready` others are left."""
        if ending.event is not InstanceEvent.CRASHED:
            return
        if not self.crashed.done():
            self.crashed.set_result(ending)
        if not ready and not self.lost.done():
            self.lost.set_result(ending)
