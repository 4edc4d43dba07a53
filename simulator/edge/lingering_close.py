"""Closes a client's connection without losing the last written bytes.

If a socket with unread bytes is closed, the client's system may discard our response (RFC 9112 9.6). So while a request
is still arriving, our side is half-closed first, if the transport supports it, and the arriving bytes are read and
discarded while the client sends, up to a time limit.
"""

from __future__ import annotations

import asyncio

from simulator.model.data_plane import DataPlaneLimits


class LingeringClose:
    """A lingering close of one connection, created when no more input of the client is needed.

    `linger`, `swallow` and `close` return when `close` is due next, in seconds of the loop's clock.
    """

    __slots__ = ("_limits", "_linger_until_s", "_transport")

    def __init__(self, transport: asyncio.Transport, limits: DataPlaneLimits) -> None:
        self._transport = transport
        self._limits = limits
        self._linger_until_s = 0.0  # time by which lingering ends, whatever the client sends

    def linger(self, now_s: float) -> float:
        transport = self._transport
        if transport.is_closing():
            return self.close(now_s)
        if transport.can_write_eof():
            transport.write_eof()
        self._linger_until_s = now_s + self._limits.linger_s_max
        return now_s + self._limits.linger_s

    def swallow(self, now_s: float, due_s: float) -> float:
        """Extend the time: a client that still sends may not have read its response. `due_s` is the previous result."""
        if self._transport.is_closing():
            return due_s
        return min(now_s + self._limits.linger_s, self._linger_until_s)

    def close(self, now_s: float) -> float:
        """Close the transport; abort it on the second call or if the client does not let it close."""
        transport = self._transport
        if transport.is_closing():
            transport.abort()
        transport.close()
        return now_s + self._limits.write_stall_s
