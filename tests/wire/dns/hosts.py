"""Host names of services, for tests of the DNS server."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass
class Hosts:
    """Host names of services, and those among them that have an IPv6 address."""

    names: Collection[str]
    dual_stack: Collection[str]

    def knows(self, host: str) -> bool:
        return host in self.names

    def is_dual_stack(self, host: str) -> bool:
        return host in self.dual_stack
