from __future__ import annotations

import asyncio

import pytest

from simulator.world.tasks import Tasks, first_of
from tests.virtual import run_virtual


async def _for_ever() -> None:
    await asyncio.Event().wait()


def test_closing_cancels_the_children_in_order_of_creation() -> None:
    async def main() -> list[int]:
        ended: list[int] = []

        async def child(number: int) -> None:
            try:
                await _for_ever()
            finally:
                ended.append(number)

        async with Tasks("family") as tasks:
            for number in range(50):
                tasks.spawn(child(number), f"child {number}")
            await asyncio.sleep(1)
        return ended

    assert run_virtual(main) == list(range(50))


def test_closing_waits_until_a_child_has_cleaned_up() -> None:
    async def main() -> tuple[bool, float]:
        cleaned = False

        async def child() -> None:
            nonlocal cleaned
            try:
                await _for_ever()
            finally:
                await asyncio.sleep(3)
                cleaned = True

        async with Tasks("family") as tasks:
            tasks.spawn(child(), "slow to go")
            await asyncio.sleep(1)
        return cleaned, asyncio.get_running_loop().time()

    assert run_virtual(main) == (True, 4.0)


def test_no_task_is_left_if_a_child_spawns_another_while_it_is_cancelled() -> None:
    async def main() -> int:
        async def child(tasks: Tasks) -> None:
            try:
                await _for_ever()
            finally:
                tasks.spawn(_for_ever(), "late child")

        tasks = Tasks("family")
        tasks.spawn(child(tasks), "child")
        await asyncio.sleep(1)
        await tasks.close()
        return len(asyncio.all_tasks()) - 1  # without the current task

    assert run_virtual(main) == 0


def test_the_error_of_a_child_is_the_result_of_failed() -> None:
    async def main() -> None:
        async def child() -> None:
            await asyncio.sleep(1)
            raise ValueError("of the child")

        async with Tasks("family") as tasks:
            tasks.spawn(child(), "child")
            with pytest.raises(ValueError, match="of the child"):
                await tasks.failed

    run_virtual(main)


def test_the_first_of_two_errors_is_kept() -> None:
    async def main() -> None:
        async def child(after_s: float) -> None:
            await asyncio.sleep(after_s)
            raise ValueError(f"after {after_s:g} s")

        async with Tasks("family") as tasks:
            tasks.spawn(child(2), "second")
            tasks.spawn(child(1), "first")
            await asyncio.sleep(3)
            with pytest.raises(ValueError, match="after 1 s"):
                await tasks.failed

    run_virtual(main)


def test_a_cancelled_child_is_not_a_failure() -> None:
    async def main() -> bool:
        async with Tasks("family") as tasks:
            child = tasks.spawn(_for_ever(), "child")
            await asyncio.sleep(1)
            child.cancel()
            await asyncio.sleep(1)
            return tasks.failed.done()

    assert run_virtual(main) is False


def test_waiting_for_a_failure_ends_when_the_owner_closes() -> None:
    async def main() -> None:
        tasks = Tasks("family")
        waiter = asyncio.get_running_loop().create_task(asyncio.wait((tasks.failed,)))
        await asyncio.sleep(1)
        await tasks.close()
        await waiter
        assert tasks.failed.cancelled()

    run_virtual(main)


def test_the_name_of_a_task_contains_that_of_its_owner() -> None:
    async def main() -> str:
        async with Tasks("platform") as tasks:
            return tasks.spawn(_for_ever(), "prober").get_name()

    assert run_virtual(main) == "platform/prober"


def test_first_of_returns_the_first_done_in_the_given_order_and_cancels_none() -> None:
    async def main() -> tuple[int, int, bool]:
        loop = asyncio.get_running_loop()
        a, b, c = (loop.create_future() for _ in range(3))
        loop.call_later(1, c.set_result, None)
        alone = await first_of(a, b, c)
        b.set_result(None)
        return alone, await first_of(a, b, c), a.done()

    assert run_virtual(main) == (2, 1, False)
