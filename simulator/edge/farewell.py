"""The end of a client's connection, without losing what was written last.

Closing on unread bytes would make the client's system throw our answer away (RFC 9112 9.6). So while a request is still
coming in, our side is ended first and what comes is swallowed for a moment.
"""

from __future__ import annotations

import asyncio

from simulator.model.data_plane import DataPlaneLimits


class Farewell:
    """One per connection, from the moment on which nothing of the client's is wanted any more.

    `linger` and `close` return until when (seconds of the loop's clock) the next step is due: `close`.
    """

    __slots__ = ("_limits", "_swallowed", "_transport")

    def __init__(self, transport: asyncio.Transport, limits: DataPlaneLimits) -> None:
        self._transport = transport
        self._limits = limits
        self._swallowed = 0

    def linger(self, now_s: float) -> float:
        transport = self._transport
        if transport.is_closing():
            return self.close(now_s)
        if transport.can_write_eof():
            transport.write_eof()
        return now_s + self._limits.linger_s

    def swallow(self, size: int) -> None:
        """The client still sends; it may not do so for ever."""
        self._swallowed += size
        if self._swallowed > self._limits.linger_bytes_max:
            self._transport.abort()

    def close(self, now_s: float) -> float:
        """Close properly; the second time, or when the client does not let us, by force."""
        transport = self._transport
        if transport.is_closing():
            transport.abort()
        transport.close()
        return now_s + self._limits.write_stall_s
