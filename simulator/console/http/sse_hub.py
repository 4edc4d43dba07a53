"""The open pages, each with a queue of unsent messages. Used on the loop of the web server.

A page that reads more slowly than frames are published loses frames and gets a complete state instead, so that a
suspended computer takes no memory and catches up with one message.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

QUEUE_MAX: Final = 64


class SseClient:
    """One open page."""

    def __init__(self) -> None:
        self._messages: deque[bytes] = deque()
        self._news = asyncio.Event()
        self.behind = False  # messages were lost: the complete state must be sent
        self.closed = False

    def put(self, message: bytes) -> None:
        if len(self._messages) >= QUEUE_MAX:
            self._messages.clear()
            self.behind = True
        self._messages.append(message)
        self._news.set()

    def close(self) -> None:
        """Close the queue of the page; no more messages follow."""
        self.closed = True
        self._news.set()

    async def take(self) -> bytes:
        """Wait for messages and return all of them at once. Returns nothing once the page is closed."""
        await self._news.wait()
        self._news.clear()
        taken = b"".join(self._messages)
        self._messages.clear()
        return taken


class SseHub:
    """All open pages. Any thread may read `present`."""

    def __init__(self) -> None:
        self.present = 0
        self._listeners: dict[SseClient, None] = {}

    def enter(self) -> SseClient:
        listener = SseClient()
        self._listeners[listener] = None
        self.present = len(self._listeners)
        return listener

    def leave(self, listener: SseClient) -> None:
        self._listeners.pop(listener, None)
        self.present = len(self._listeners)

    def spread(self, message: bytes) -> None:
        for listener in self._listeners:
            listener.put(message)

    def close(self) -> None:
        for listener in self._listeners:
            listener.close()
