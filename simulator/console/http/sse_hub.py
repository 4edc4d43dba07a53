"""The open pages, each with a queue of unsent messages. Lives on the loop of the web server.

A page that reads more slowly than frames arrive loses them and gets a complete snapshot instead, so a sleeping laptop
costs no memory and catches up in one message.
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
        self.behind = False  # messages were lost: send a complete snapshot
        self.closed = False

    def put(self, message: bytes) -> None:
        if len(self._messages) >= QUEUE_MAX:
            self._messages.clear()
            self.behind = True
        self._messages.append(message)
        self._news.set()

    def close(self) -> None:
        """Close the page's queue: no more messages will follow."""
        self.closed = True
        self._news.set()

    async def take(self) -> bytes:
        """Wait for messages and return all of them at once. Empty once the page is closed."""
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
