"""The access log in which a request is recorded, by its service."""

from __future__ import annotations

from simulator.edge.access_log_entry import AccessLogEntry, own_entry
from simulator.edge.live.service_logs import ServiceLogs
from simulator.edge.ports import ExchangeView
from simulator.model.times import LoopTime
from tests.edge.front import HOST, OK, Front, request, status_of


class Heard:
    def __init__(self) -> None:
        self.statuses: list[int] = []

    def served(self, exchange: ExchangeView, status: int, cause: str, now_s: LoopTime) -> None:
        del exchange, cause, now_s
        self.statuses.append(status)

    def add(self, entry: AccessLogEntry) -> None:
        self.statuses.append(entry.status)


def test_a_request_is_recorded_in_the_log_of_its_service() -> None:
    front, others, own = Front(), Heard(), Heard()
    name = front.upstream.service
    logs = ServiceLogs(others, {name: own}, front.gateway.service_of)
    front.gateway.access_log = logs
    front.send(request(b"GET", b"/"))
    front.forwarded()
    front.answer(OK)
    assert status_of(front.received()) == 200
    front.send(b"GET / HTTP/1.1\r\nhost: unknown.example\r\n\r\n")
    assert status_of(front.received()) == 404
    logs.add(own_entry(None, b"", 400, "request error", LoopTime(0.0), 0))
    assert (own.statuses, others.statuses) == ([200], [404, 400])


def test_a_service_without_a_log_is_not_logged_and_its_host_is_found_in_every_form() -> None:
    front, others = Front(), Heard()
    logs = ServiceLogs(others, {front.upstream.service: None}, front.gateway.service_of)
    front.gateway.access_log = logs
    front.send(b"GET / HTTP/1.1\r\nhost: %b.:8443\r\n\r\n" % HOST.upper())
    front.forwarded()
    front.answer(OK)
    assert status_of(front.received()) == 200
    assert others.statuses == []
    ServiceLogs(None, {}, front.gateway.service_of).add(own_entry(None, b"", 400, "", LoopTime(0.0), 0))
