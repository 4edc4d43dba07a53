"""The parts of a request's time as the platform reports them: the `server-timing` field of its response."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

FIELD: Final = b"server-timing"

_PART: Final = re.compile(
    rb'(queue|cold|service);dur=([0-9]+(?:\.[0-9]+)?)|instance;desc="?([0-9]{1,9})|waf;desc="([^"]+)"'
)


class Timing(NamedTuple):
    """Parts of the latency in seconds. `instance` is the number of the instance, 0 if there was none.

    `rule` is the rule of a web ACL that blocked the request; usually empty.
    """

    queue_s: float
    cold_s: float
    service_s: float
    instance: int
    rule: str = ""


NO_TIMING: Final = Timing(0.0, 0.0, 0.0, 0)


def parse_timing(value: bytes) -> Timing:
    """Parse `queue;dur=1.2, cold;dur=0, service;dur=80.1, instance;desc="3"` (milliseconds); a missing part is 0."""
    queue_s = cold_s = service_s = 0.0
    instance, rule = 0, b""
    for name, milliseconds, number, blocked in _PART.findall(value):
        if number:
            instance = int(number)
        elif blocked:
            rule = blocked
        elif name == b"service":
            service_s = float(milliseconds) / 1000
        elif name == b"queue":
            queue_s = float(milliseconds) / 1000
        else:
            cold_s = float(milliseconds) / 1000
    return Timing(queue_s, cold_s, service_s, instance, rule.decode("latin-1"))
