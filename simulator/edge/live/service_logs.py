"""Access logs of single services: each request goes to the log of its service, if it has one of its own or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulator.edge.access_log import served_entry
from simulator.edge.access_log_entry import AccessLogEntry
from simulator.edge.ports import EntryLog, ExchangeView
from simulator.model.times import LoopTime


class ServiceLogs:
    """An entry log. `logs`: that of each service that has a choice; None: its requests are not logged.

    Everything else goes to `others`, also what belongs to no service. `service_of` returns the service of an authority,
    or None.
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
