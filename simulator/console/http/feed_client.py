"""A client of the console's feed: server-sent events from loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp
import orjson
from yarl import URL

# Seconds without data after which the server is considered gone; it sends a comment every 15 s.
SILENCE_S_MAX: Final = 40.0
# The size of a complete message with a thousand instances and a day of charts, with a margin.
LINE_BYTES_MAX: Final = 16 * 1024 * 1024


class NoFeed(Exception):
    """There is no console at the address."""


async def feed(url: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Yield (kind, data) of each message of the console at `url`, until the server ends.

    Raises:
        NoFeed: naming the address.
    """
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=5.0, sock_read=SILENCE_S_MAX)
    try:
        place = URL(url).with_fragment(None) / "feed"
        async with (
            aiohttp.ClientSession(timeout=timeout, read_bufsize=LINE_BYTES_MAX) as session,
            session.get(place) as answer,
        ):
            if answer.status != 200 or answer.content_type != "text/event-stream":
                raise NoFeed(f"url = {url}, must be that of a console: {place} answers {answer.status}")
            kind = ""
            async for line in answer.content:
                if line.startswith(b"event: "):
                    kind = line[7:].strip().decode()
                elif line.startswith(b"data: "):
                    yield kind, orjson.loads(line[6:])
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise NoFeed(f"url = {url}, must be that of a console that runs: {error}") from error
