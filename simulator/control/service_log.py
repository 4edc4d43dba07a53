"""What running services say between operations: lines of their event log, and what their instances write.

Lines are gathered and written a hundred at a time, or after a fifth of a second: an application that writes much costs
one commit for many lines. An application's line that is longer than CloudWatch Logs takes is cut.
"""

from __future__ import annotations

import asyncio
from typing import Final

from simulator.control.calendar import Calendar
from simulator.control.entries import Entry, EntryKind
from simulator.control.registry import Registry
from simulator.control.service_events import EVENTS_STREAM, PREFIX
from simulator.model.api_resources import ServiceResource

_GATHERED_MAX: Final = 100
_GATHERED_S: Final = 0.2
_LINE_MAX: Final = 256 * 1024  # characters, of which an event of CloudWatch Logs has at most as many bytes


class ServiceLog:
    """Where a workload writes. Lines of a service that is not there, or no more, are nobody's."""

    def __init__(self, registry: Registry, now: Calendar) -> None:
        self._registry = registry
        self._now = now
        self._gathered: list[Entry] = []
        self._flush: asyncio.TimerHandle | None = None

    def event(self, service_arn: str, line: str) -> None:
        """Of the event log."""
        self._gather(service_arn, EVENTS_STREAM, PREFIX + line)

    def application(self, service_arn: str, instance_id: str, line: str) -> None:
        """One line that an instance wrote to stdout or stderr (facts 11.1)."""
        self._gather(service_arn, f"instance/{instance_id}", line[:_LINE_MAX])

    def flush(self) -> None:
        """Write what was gathered. Raises sqlite3.Error."""
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        gathered, self._gathered = self._gathered, []
        if gathered:
            with self._registry.change():
                for entry in gathered:
                    self._registry.write_down(entry)

    def _gather(self, service_arn: str, stream: str, text: str) -> None:
        service = self._registry.get(ServiceResource, service_arn)
        if service is None:
            return
        self._gathered.append(Entry(EntryKind.LOG, self._now(), service.shelf, service_arn, stream, text))
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(_GATHERED_S, self.flush)
        elif len(self._gathered) == _GATHERED_MAX:
            # Soon, not at once: the line may come in the midst of a change.
            self._flush.cancel()
            self._flush = asyncio.get_running_loop().call_later(0, self.flush)
