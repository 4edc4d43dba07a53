"""The log of running services: lines of their event log, and the output of their instances, outside of operations.

Lines are collected and written a hundred at a time, or after 0.2 s, so that a verbose application costs one commit for
many lines. A line that exceeds the limit of CloudWatch Logs is truncated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simulator.control.operations.service_events import EVENTS_STREAM, PREFIX
from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.registry import Registry
from simulator.control.state.write_buffer import WriteBuffer
from simulator.control.wall_clock import WallClock
from simulator.model.resources.api_resources import ServiceResource

_GATHERED_MAX: Final = 100
_GATHERED_S: Final = 0.2
_LINE_MAX: Final = 256 * 1024  # characters; an event of CloudWatch Logs has at most this number of bytes


class ServiceLog:
    """The log that a workload writes to. Lines of a service that does not exist are discarded."""

    def __init__(self, registry: Registry, now: WallClock) -> None:
        self._registry = registry
        self._now = now
        self._gathered: WriteBuffer[LogEntry] = WriteBuffer(
            self._write_all, "log lines", count_max=_GATHERED_MAX, wait_s=_GATHERED_S
        )

    def event(self, service_arn: str, line: str) -> None:
        """Write a line to the event log."""
        self._gather(service_arn, EVENTS_STREAM, PREFIX + line)

    def application(self, service_arn: str, instance_id: str, line: str) -> None:
        """Write one line of an instance's stdout or stderr (facts 11.1)."""
        self._gather(service_arn, f"instance/{instance_id}", line[:_LINE_MAX])

    def flush(self) -> None:
        """Write the collected lines; those that cannot be written are kept."""
        self._gathered.flush()

    def close(self) -> None:
        """Write the remaining lines."""
        self._gathered.close()

    def _write_all(self, entries: Sequence[LogEntry]) -> None:
        with self._registry.change():
            for entry in entries:
                self._registry.append_entry(entry)

    def _gather(self, service_arn: str, stream: str, text: str) -> None:
        service = self._registry.get(ServiceResource, service_arn)
        if service is None:
            return
        entry = LogEntry(EntryKind.LOG, self._now(), service.owner_key, service_arn, stream, text)
        self._gathered.add(entry, len(text), within_change=True)
