"""Accepts connections: a listening socket that passes each new connection to a callback before any TLS handshake.

The servers of asyncio begin the TLS handshake first, so a limit on connections would apply too late.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Final

from simulator.wire.exhaustion import exhaustion_log, is_exhaustion
from simulator.wire.listening import listening

# Connections accepted in one iteration of the event loop, so that other work is not delayed.
_TURN_MAX: Final = 64
# Pause after the process has run out of descriptors or memory. The kernel keeps new connections in the backlog.
_PAUSE_S: Final = 1.0


class Acceptor:
    """Accepts connections. `on_socket` receives and owns each accepted non-blocking socket, with the peer's address."""

    def __init__(self, host: str, port: int, backlog: int, on_socket: Callable[[socket.socket, bytes], None]) -> None:
        """Bind and listen. Raises OSError if the address is not available."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with listening(host, port):
            self._socket = socket.create_server((host, port), family=family, backlog=backlog)
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])
        self._on_socket = on_socket
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._watch()

    def close(self) -> None:
        """Stop accepting connections; the kernel rejects those still in its backlog."""
        if self._socket.fileno() < 0:
            return
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _watch(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        for _ in range(_TURN_MAX):
            try:
                accepted, address = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if not is_exhaustion(error):
                    raise
                exhaustion_log.report(error, f"no connection is accepted on port {self.port} for {_PAUSE_S:g} s")
                self._loop.remove_reader(self._socket)
                self._pause = self._loop.call_later(_PAUSE_S, self._watch)
                return
            accepted.setblocking(False)
            self._on_socket(accepted, str(address[0]).encode())


def has_hung_up(connected: socket.socket) -> bool:
    """Return True if the peer has closed its side, even with unread bytes left; False where the system does not report
    it.
    """
    try:
        state = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    except (AttributeError, OSError):  # not Linux, or the socket is closed
        return False
    return state in _HUNG_UP


# tcp_states.h: TCP_CLOSE, TCP_CLOSE_WAIT.
_HUNG_UP: Final = frozenset({7, 8})
