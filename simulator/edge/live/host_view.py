"""A view of a gateway, for listeners that serve only some of its hosts, such as those with an IPv6 address."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Final

from simulator.edge.gateway import host_name
from simulator.edge.ports import EntryLog, RequestHandler, Upstream
from simulator.model.rejection import NO_ROUTE
from simulator.wire.http1.local_replies import LocalReply, rejected
from simulator.wire.http1.request import RequestHead

_NO_ROUTE: Final = rejected(NO_ROUTE)


class HostView:
    """Implements `RequestHandler`. Requests for hosts that `admits` rejects are answered like those for
    unknown hosts.
    """

    def __init__(self, handler: RequestHandler, admits: Callable[[bytes], bool]) -> None:
        self.limits, self.server_timing = handler.limits, handler.server_timing
        self.table = handler.table
        self.own_answers = handler.own_answers
        self.now_s = handler.now_s
        self.own_lines = handler.own_lines
        self.request_lines = handler.request_lines
        self.answer_lines = handler.answer_lines
        self._handler = handler
        self._admits = admits

    @property
    def access_log(self) -> EntryLog | None:
        return self._handler.access_log

    @access_log.setter
    def access_log(self, log: EntryLog | None) -> None:
        self._handler.access_log = log

    def decide(self, request: RequestHead, sni: str) -> Upstream | LocalReply:
        if self._admits(host_name(request.authority or sni.encode("ascii"))):
            return self._handler.decide(request, sni)
        return _NO_ROUTE


def is_named(host: bytes, names: Container[bytes]) -> bool:
    """Return True if `names` contains the host, or a wildcard for its first label (facts 10.3)."""
    return host in names or b"*" + host[host.find(b".") :] in names
