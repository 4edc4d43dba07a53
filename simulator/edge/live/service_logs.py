"""Access logs of single services: requests of a service are recorded in its own log, in none, or in the common log."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulator.edge.access_log import served_entry
from simulator.edge.access_log_entry import AccessLogEntry
from simulator.edge.ports import EntryLog, ExchangeView
from simulator.model.times import LoopTime


class ServiceLogs:
    """An entry log that distributes entries to other logs.

    `logs` has the log of each service with a setting of its own; with None its requests are not logged. All other
    entries are added to `others`, also those that belong to no service. `service_of` returns the service of an
    authority, or None.
    """

    def __init__(
        self,
        others: EntryLog | None,
        logs: Mapping[str, EntryLog | None],
        service_of: Callable[[bytes], str | None],
    ) -> None:
        self._others = others
        self._logs = logs
        self._service_of = service_of

    def served(self, exchange: ExchangeView, status: int, cause: str, now_s: LoopTime) -> None:
        self.add(served_entry(exchange, status, cause, now_s))

    def add(self, entry: AccessLogEntry) -> None:
        service = None if entry.request is None else self._service_of(entry.request.authority)
        log = self._others if service is None else self._logs.get(service, self._others)
        if log is not None:
            log.add(entry)
