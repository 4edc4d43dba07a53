"""Ports for instances on 127.0.0.1: one each, promised to it from before its launch until it is gone.

The application binds the port, not we, so there is a time between choice and bind in which another could take it.
Asking the kernel for a free port (bind to 0, close, pass on the number) loses that race now and then, as the kernel may
give the same number to any outgoing connection. Here nobody is left to race with:

- the kernel's own choices: ports come from below its ephemeral range (`ip_local_port_range`);
- another simulator on this machine: a port is reserved by binding an abstract Unix socket that carries its number.
  Binding is atomic, abstract names live in the network namespace as ports do, and they vanish with their process;
- a server that is there already: a trial bind without SO_REUSEADDR, which also passes over ports with connections in
  TIME_WAIT, so that an application that does not set SO_REUSEADDR can bind;
- our own dead instances: numbers go round, so a late client of a dead instance does not reach its successor.

What remains is a server with a fixed port in this range that is started in the very second of a launch; such an
instance fails its health check and is replaced. Rejected: keeping the port bound while the application binds it too;
that needs SO_REUSEADDR in the application.
"""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import Final

_LOWEST: Final = 20_000  # above most well-known servers' ports
_EPHEMERAL_LOW_DEFAULT: Final = 32_768  # Linux's own default
# With fewer ports than this below the ephemeral range (a machine tuned for load tests), use the usual range all the
# same: the trial bind still holds, only the first promise of the list above is lost.
_ENOUGH: Final = 1_000


class Ports:
    """Hands out ports. One file descriptor each while it is held."""

    def __init__(self) -> None:
        self._end = _ephemeral_low()
        # Where to begin is no chance of the simulation's: it only keeps two simulators out of each other's way.
        self._next = _LOWEST + os.getpid() * 97 % (self._end - _LOWEST)
        self._held: dict[int, socket.socket] = {}

    def take(self) -> int:
        """A port that no one has.

        Raises:
            OSError: when every port of the range is in use.
        """
        for _ in range(_LOWEST, self._end):
            port = self._next
            self._next = port + 1 if port + 1 < self._end else _LOWEST
            reservation = _reserve(port)
            if reservation is None:
                continue
            if _is_free(port):
                self._held[port] = reservation
                return port
            reservation.close()
        msg = f"no free port from {_LOWEST} to {self._end - 1}"
        raise OSError(msg)

    def release(self, port: int) -> None:
        """Idempotent."""
        reservation = self._held.pop(port, None)
        if reservation is not None:
            reservation.close()


def _reserve(port: int) -> socket.socket | None:
    reservation = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        reservation.bind(f"\0apprunner-simulator/port/{port}")
    except OSError:
        reservation.close()
        return None
    return reservation


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        try:
            trial.bind(("", port))  # every address: a server on any of them is in the way
        except OSError:
            return False
    return True


def _ephemeral_low() -> int:
    low = _EPHEMERAL_LOW_DEFAULT
    with contextlib.suppress(OSError, ValueError, IndexError):
        low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    return low if low >= _LOWEST + _ENOUGH else _EPHEMERAL_LOW_DEFAULT
