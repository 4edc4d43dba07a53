from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from simulator.fleet.pool.deadlines import Deadlines
from tests.virtual import run_virtual


def test_an_item_is_due_when_its_limit_is_over() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        due: list[float] = []
        deadlines: Deadlines[str] = Deadlines(120.0, lambda _: due.append(loop.time()))
        await asyncio.sleep(3)
        deadlines.add("a", loop.time())
        await asyncio.sleep(1000)
        return due

    assert run_virtual(main) == [123.0]


def test_a_renewed_item_is_due_a_whole_limit_later() -> None:
    async def main() -> list[tuple[str, float]]:
        loop = asyncio.get_running_loop()
        due: list[tuple[str, float]] = []
        deadlines: Deadlines[str] = Deadlines(10.0, lambda item: due.append((item, loop.time())))
        deadlines.add("a", 0.0)
        await asyncio.sleep(4)
        deadlines.add("b", loop.time())
        await asyncio.sleep(5)
        deadlines.renew("a", loop.time())
        deadlines.renew("gone", loop.time())
        await asyncio.sleep(100)
        return due

    assert run_virtual(main) == [("b", 14.0), ("a", 19.0)]


def test_a_discarded_item_is_never_due() -> None:
    async def main() -> list[str]:
        due: list[str] = []
        deadlines: Deadlines[str] = Deadlines(10.0, due.append)
        deadlines.add("a", 0.0)
        deadlines.add("b", 0.0)
        deadlines.discard("a")
        deadlines.discard("unknown")
        await asyncio.sleep(20)
        assert len(deadlines) == 0
        return due

    assert run_virtual(main) == ["b"]


@given(st.lists(st.tuples(st.floats(0, 30), st.booleans()), max_size=20))
def test_every_item_that_is_kept_is_due_at_its_own_time(items: list[tuple[float, bool]]) -> None:
    async def main() -> list[tuple[float, int]]:
        loop = asyncio.get_running_loop()
        due: list[tuple[float, int]] = []
        deadlines: Deadlines[int] = Deadlines(7.0, lambda item: due.append((loop.time(), item)))
        for index, (pause_s, discarded) in enumerate(items):
            await asyncio.sleep(pause_s)
            deadlines.add(index, loop.time())
            if discarded:
                loop.call_later(3.0, deadlines.discard, index)
        await asyncio.sleep(100)
        return due

    expected, now = [], 0.0
    for index, (pause_s, discarded) in enumerate(items):
        now += pause_s
        if not discarded:
            expected.append((now + 7.0, index))
    assert run_virtual(main) == expected


def test_an_item_added_while_another_falls_due_does_not_put_off_the_next() -> None:
    """A load balancer that answers a request after a time-out may offer the connection's next one at once."""

    async def main() -> list[tuple[float, str]]:
        loop = asyncio.get_running_loop()
        due: list[tuple[float, str]] = []

        def on_due(item: str) -> None:
            due.append((loop.time(), item))
            if item == "first":
                deadlines.add("again", loop.time())

        deadlines: Deadlines[str] = Deadlines(10.0, on_due)
        deadlines.add("first", loop.time())
        await asyncio.sleep(1)
        deadlines.add("second", loop.time())
        await asyncio.sleep(100)
        return due

    assert run_virtual(main) == [(10.0, "first"), (11.0, "second"), (20.0, "again")]


def test_after_closing_nothing_is_due() -> None:
    async def main() -> list[str]:
        due: list[str] = []
        deadlines: Deadlines[str] = Deadlines(10.0, due.append)
        deadlines.add("a", 0.0)
        deadlines.close()
        await asyncio.sleep(20)
        return due

    assert run_virtual(main) == []


def test_closing_while_an_item_falls_due_ends_it() -> None:
    async def main() -> list[str]:
        due: list[str] = []

        def on_due(item: str) -> None:
            due.append(item)
            deadlines.close()

        deadlines: Deadlines[str] = Deadlines(10.0, on_due)
        deadlines.add("a", 0.0)
        deadlines.add("b", 0.0)
        await asyncio.sleep(20)
        return due

    assert run_virtual(main) == ["a"]


def test_items_can_be_discarded_during_iteration() -> None:
    async def main() -> list[str]:
        deadlines: Deadlines[str] = Deadlines(10.0, lambda _: None)
        for item in "abc":
            deadlines.add(item, 0.0)
        seen = []
        for item in deadlines:
            seen.append(item)
            deadlines.discard(item)
        deadlines.close()
        return seen

    assert run_virtual(main) == ["a", "b", "c"]
