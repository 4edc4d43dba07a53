"""Ports for instances on 127.0.0.1: each gets one, reserved from before its launch until it has ended.

The application binds the port, not the simulator, so there is a time between choice and bind in which another program
could take it. Asking the kernel for a free port (bind to 0, close, pass on the number) loses that race occasionally,
because the kernel may assign the same number to any outgoing connection. This module excludes each competitor:

- the kernel's own choices: ports come from below its ephemeral range (`ip_local_port_range`);
- another simulator on this machine: a port is reserved by binding an abstract Unix socket that contains its number.
Binding is atomic, abstract names belong to the network namespace as ports do, and disappear with their process;
- a server that listens already: a trial bind without SO_REUSEADDR, which also skips ports with connections in
TIME_WAIT, so that an application that does not set SO_REUSEADDR can bind;
- ended instances of this simulator: numbers rotate, so a late client of an ended instance does not reach its successor.

The remaining case is a server with a fixed port in this range that is started in the same second as the instance; the
instance then fails its health check and is replaced. Rejected: keeping the port bound while the application binds it
too; that needs SO_REUSEADDR in the application.
"""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import Final

_LOWEST: Final = 20_000  # above the ports of most well-known servers
_EPHEMERAL_LOW_DEFAULT: Final = 32_768  # Linux's default
# If fewer ports than this are below the ephemeral range (as on a machine tuned for load tests), the default range is
# used: the trial bind still works, and only the first item of the list above no longer holds.
_ENOUGH: Final = 1_000


class Ports:
    """Assigns ports. Each assigned port uses one file descriptor."""

    def __init__(self) -> None:
        self._end = _ephemeral_low()
        # Simulators begin at different ports to avoid collisions; this is not part of the simulation's randomness.
        self._next = _LOWEST + os.getpid() * 97 % (self._end - _LOWEST)
        self._held: dict[int, socket.socket] = {}

    def take(self) -> int:
        """Return a free port and reserve it.

        Raises:
            OSError: if every port of the range is in use.
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
        """Release a port. Idempotent."""
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
            trial.bind(("", port))  # on all addresses: a server on any of them conflicts
        except OSError:
            return False
    return True


def _ephemeral_low() -> int:
    low = _EPHEMERAL_LOW_DEFAULT
    with contextlib.suppress(OSError, ValueError, IndexError):
        low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    return low if low >= _LOWEST + _ENOUGH else _EPHEMERAL_LOW_DEFAULT
