"""Who watches: the open pages, each with a queue of what it has not been sent yet. Lives on the loop of the web server.

A page that reads more slowly than frames come loses them and gets a whole picture instead, so a sleeping laptop costs
no memory and catches up in one message.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

QUEUE_MAX: Final = 64


class Listener:
    """One open page."""

    def __init__(self) -> None:
        self._messages: deque[bytes] = deque()
        self._news = asyncio.Event()
        self.behind = False  # it has lost messages: send it the whole
        self.closed = False

    def put(self, message: bytes) -> None:
        if len(self._messages) >= QUEUE_MAX:
            self._messages.clear()
            self.behind = True
        self._messages.append(message)
        self._news.set()

    def close(self) -> None:
        """Nothing more will come."""
        self.closed = True
        self._news.set()

    async def take(self) -> bytes:
        """All that is there, at once; waits for something. Empty when it is closed."""
        await self._news.wait()
        self._news.clear()
        taken = b"".join(self._messages)
        self._messages.clear()
        return taken


class Audience:
    """All open pages. `present` may be read from any thread."""

    def __init__(self) -> None:
        self.present = 0
        self._listeners: dict[Listener, None] = {}

    def enter(self) -> Listener:
        listener = Listener()
        self._listeners[listener] = None
        self.present = len(self._listeners)
        return listener

    def leave(self, listener: Listener) -> None:
        self._listeners.pop(listener, None)
        self.present = len(self._listeners)

    def spread(self, message: bytes) -> None:
        for listener in self._listeners:
            listener.put(message)

    def close(self) -> None:
        for listener in self._listeners:
            listener.close()
