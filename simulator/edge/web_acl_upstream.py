"""The upstream of a service with a web ACL: it evaluates each request before the pool gets it.

Without a web ACL the gateway uses the pool directly, so its requests have no additional cost. A blocked request does
not reach the pool: it takes no slot, activates no instance and is not counted in the service's metrics.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Protocol, cast

from simulator.edge.access_log import LineLog
from simulator.edge.ports import Upstream
from simulator.fleet.exchange import PooledExchange
from simulator.fleet.pool.unavailable_upstream import StandInUpstream
from simulator.records.journal import Journal
from simulator.rules.waf.log_document import WafRecord, log_document
from simulator.rules.waf.web_acl import WebAcl

WebAclCounts = Counter[tuple[str, str]]  # requests by (name of the rule, action)


class _RoutedExchange(Protocol):
    upstream: Upstream


class WebAclUpstream(StandInUpstream):
    """Used by the gateway in place of a pool. `pool` returns the pool for allowed requests, which deployments change.

    `now_s` is the clock, by default the loop's. `counts` counts the rules that ended an evaluation, or that matched
    without ending it. Each evaluation (`WafRecord`) is emitted to `journal`, if it has a reader of them, and added to
    `log`.
    """

    def __init__(
        self,
        acl: WebAcl,
        pool: Callable[[], Upstream],
        counts: WebAclCounts,
        now_s: Callable[[], float] | None = None,
        journal: Journal | None = None,
        log: LineLog[WafRecord] | None = None,
    ) -> None:
        self.acl, self.counts = acl, counts
        self._log = log
        self._journal = journal or Journal()
        self._pool = pool
        self._now_s = asyncio.get_running_loop().time if now_s is None else now_s
        self._held: set[PooledExchange] = set()  # requests whose bodies have to arrive first

    @property
    def service(self) -> str:
        return self._pool().service

    def offer(self, exchange: PooledExchange) -> None:
        acl = self.acl
        if acl.needs_body and exchange.hold(acl.body_bytes_max, lambda: self._released(exchange)):
            self._held.add(exchange)
        else:
            self._judge(exchange)

    def abandon(self, exchange: PooledExchange) -> None:
        """End a request that waits for its body. Other requests have ended already, or belong to their pool."""
        if exchange in self._held:
            self._held.remove(exchange)
            exchange.open = False

    def _released(self, exchange: PooledExchange) -> None:
        if exchange in self._held:
            self._held.remove(exchange)
            self._judge(exchange)

    def _judge(self, exchange: PooledExchange) -> None:
        acl = self.acl
        request = exchange.web_request(acl.body_bytes_max)
        verdict = acl.evaluate(request, self._now_s())
        for rule, action in verdict.passed:
            self.counts[rule, action.value] += 1
        self.counts[verdict.rule, verdict.action.value] += 1
        if self._log is not None or self._journal.has_reader(WafRecord):
            self._tell(WafRecord(self.service, acl, verdict, request, exchange.arrived_s))
        if verdict.blocked is not None:
            exchange.open = False
            exchange.fail(verdict.blocked._replace(rule=verdict.rule))
            return
        if verdict.inserted:
            exchange.insert(verdict.inserted)
        pool = cast("_RoutedExchange", exchange).upstream = self._pool()
        pool.offer(exchange)

    def _tell(self, record: WafRecord) -> None:
        if self._log is not None:
            self._log.add(record)
        self._journal.publish(record)


def waf_line(record: WafRecord, offset_s: float) -> bytes:
    """Return the line of AWS WAF's log. `offset_s` is the offset from the loop's clock to seconds since 1970."""
    at_ms = round((record.at_s + offset_s) * 1000)
    return json.dumps(log_document(record, at_ms), separators=(",", ":")).encode() + b"\n"
