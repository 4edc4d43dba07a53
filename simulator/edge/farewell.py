"""The end of a client's connection, without losing what was written last.

Closing on unread bytes would make the client's system throw our answer away (RFC 9112 9.6). So while a request is still
coming in, our side is ended first, where the transport knows such a thing, and what comes is swallowed: for as long as
the client sends, up to a time. However many bytes that are, none is kept.
"""

from __future__ import annotations

import asyncio

from simulator.model.data_plane import DataPlaneLimits


class Farewell:
    """One per connection, from the moment on which nothing of the client's is wanted any more.

    `linger`, `swallow` and `close` return until when (seconds of the loop's clock) the next step is due: `close`.
    """

    __slots__ = ("_limits", "_linger_until_s", "_transport")

    def __init__(self, transport: asyncio.Transport, limits: DataPlaneLimits) -> None:
        self._transport = transport
        self._limits = limits
        self._linger_until_s = 0.0  # at the latest

    def linger(self, now_s: float) -> float:
        transport = self._transport
        if transport.is_closing():
            return self.close(now_s)
        if transport.can_write_eof():
            transport.write_eof()
        self._linger_until_s = now_s + self._limits.linger_s_max
        return now_s + self._limits.linger_s

    def swallow(self, now_s: float, due_s: float) -> float:
        """The client still sends, so it may not have read its answer yet. `due_s`: what was said before."""
        if self._transport.is_closing():
            return due_s
        return min(now_s + self._limits.linger_s, self._linger_until_s)

    def close(self, now_s: float) -> float:
        """Close properly; the second time, or when the client does not let us, by force."""
        transport = self._transport
        if transport.is_closing():
            transport.abort()
        transport.close()
        return now_s + self._limits.write_stall_s
