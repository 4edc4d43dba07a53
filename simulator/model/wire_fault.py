"""Injected network faults between balancer and instances: their kinds, and the share of requests they affect."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from simulator.model.text.units import duration_text


class FaultKind(StrEnum):
    """The effect of a network fault."""

    LATENCY = "latency"  # the request reaches its instance later
    STATUS = "status"  # the request gets this status and never reaches its instance
    RESET = "reset"  # the instance responds, but the client's connection is reset instead
    TRUNCATE = "truncate"  # the client receives half of the first part of the response body, then the end
    SLOW_BYTES = "slow bytes"  # the response body is sent at a low rate


# These kinds act on the bytes of a response, so they need a live load balancer and a real application.
BYTES_ONLY: Final = frozenset({FaultKind.RESET, FaultKind.TRUNCATE, FaultKind.SLOW_BYTES})


@dataclass(frozen=True, slots=True)
class WireFault:
    """One fault, which affects `share` of the requests (0 to 1).

    `delay_s` is for LATENCY, `status` for STATUS, `rate_bytes_per_s` for SLOW_BYTES.

    Raises:
        ValueError: if a value is out of range.
    """

    kind: FaultKind
    share: float = 1.0
    delay_s: float = 0.0
    status: int = 503
    rate_bytes_per_s: float = 1024.0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            msg = f"share = {self.share:g}, must be 0 to 1"
            raise ValueError(msg)
        if self.delay_s < 0:
            msg = f"delay = {self.delay_s:g} s, must be at least 0 s"
            raise ValueError(msg)
        if not 400 <= self.status <= 599:
            msg = f"status = {self.status}, must be 400 to 599"
            raise ValueError(msg)
        if not self.rate_bytes_per_s > 0:
            msg = f"rate = {self.rate_bytes_per_s:g} bytes/s, must be more than 0"
            raise ValueError(msg)

    def __str__(self) -> str:
        detail = {
            FaultKind.LATENCY: f" {duration_text(self.delay_s)}",
            FaultKind.STATUS: f" {self.status}",
            FaultKind.SLOW_BYTES: f" at {self.rate_bytes_per_s:g} bytes/s",
        }.get(self.kind, "")
        return f"{self.kind}{detail} for {self.share:.3%} of the requests".replace(".000%", " %")
