"""Open pages and their queues: the order of messages, the bound, and what a slow page loses."""

from __future__ import annotations

import asyncio

from simulator.console.http.sse_hub import QUEUE_MAX, SseHub
from simulator.world.tasks import Tasks


async def test_every_page_gets_every_message_in_order() -> None:
    hub = SseHub()
    first, second = hub.enter(), hub.enter()
    hub.spread(b"a")
    hub.spread(b"b")
    assert await first.take() == b"ab"
    hub.leave(second)
    hub.spread(b"c")
    assert await first.take() == b"c"
    assert await second.take() == b"ab"


async def test_a_slow_page_loses_messages_and_is_marked() -> None:
    hub = SseHub()
    slow = hub.enter()
    for _ in range(QUEUE_MAX):
        hub.spread(b"x")
    before = slow.behind
    hub.spread(b"y")
    assert (before, slow.behind) == (False, True)
    assert await slow.take() == b"y"


async def test_the_hub_counts_its_pages() -> None:
    hub = SseHub()
    pages = [hub.enter() for _ in range(3)]
    assert hub.present == 3
    hub.leave(pages[0])
    hub.leave(pages[0])
    assert hub.present == 2


async def test_closing_ends_every_wait() -> None:
    hub = SseHub()
    page = hub.enter()
    async with Tasks("test") as tasks:
        waiting = tasks.spawn(page.take(), "a page")
        await asyncio.sleep(0)
        assert not waiting.done()
        hub.close()
        assert await waiting == b""
    assert page.closed
