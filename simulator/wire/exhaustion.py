"""Detects exhausted resources of this process: open files, memory, local ports. They are not failures of an instance.

The balancer uses two file descriptors for each request in progress, and `ulimit -n` may be as low as 256 (macOS).
Without a line in the log, users would look for the fault in their application (http-proxy.md 125).
"""

from __future__ import annotations

import errno
import logging
import math
from typing import Final

from simulator.world.clock import monotonic_s

# EADDRNOTAVAIL, on connect: no local port is free.
_ERRORS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
_QUIET_S: Final = 10.0
_ADVICE: Final = {
    errno.EMFILE: "Raise the limit of open files (ulimit -n), or send fewer requests at once.",
    errno.ENFILE: "The whole system has run out of open files (sysctl fs.file-max).",
    errno.EADDRNOTAVAIL: "No local port is left (sysctl net.ipv4.ip_local_port_range).",
}
_log = logging.getLogger(__name__)


def is_exhaustion(error: OSError) -> bool:
    """Return True if `error` says that this process, or its machine, has exhausted a resource."""
    return error.errno in _ERRORS


class ExhaustionLog:
    """Logs at most one line in ten seconds; the next line says how many were omitted."""

    def __init__(self) -> None:
        self._quiet_until_s = -math.inf
        self._left_out = 0

    def report(self, error: OSError, doing: str) -> None:
        """Log that a resource is exhausted. `doing` says what failed, as a clause ("connections to 127.0.0.1:8080
        cannot be made").
        """
        now_s = monotonic_s()
        if now_s < self._quiet_until_s:
            self._left_out += 1
            return
        self._quiet_until_s = now_s + _QUIET_S
        more = f" ({self._left_out} more times since the last such line)" if self._left_out else ""
        self._left_out = 0
        advice = _ADVICE.get(error.errno or 0, "")
        _log.warning(
            "The load balancer has no more resources: %s; %s%s. %s", error.strerror or error, doing, more, advice
        )


exhaustion_log: Final = ExhaustionLog()  # one per process, because the limits are per process
