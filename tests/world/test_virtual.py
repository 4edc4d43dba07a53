from __future__ import annotations

import asyncio
import contextvars
import math
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.world.virtual import Deadlock, OutsideWorld, VirtualLoop
from tests.virtual import run_virtual


def test_time_starts_at_zero_and_a_sleep_takes_exactly_its_duration() -> None:
    async def main() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        before = loop.time()
        await asyncio.sleep(86400.25)
        return before, loop.time()

    assert run_virtual(main) == (0.0, 86400.25)


def test_time_does_not_advance_while_callbacks_run() -> None:
    async def main() -> float:
        for _ in range(1000):
            await asyncio.sleep(0)
        return asyncio.get_running_loop().time()

    assert run_virtual(main) == 0.0


@given(st.lists(st.integers(0, 5), max_size=40))
def test_timers_fire_by_time_and_equal_times_in_order_of_scheduling(dues: list[int]) -> None:
    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        fired: list[int] = []
        for index, due in enumerate(dues):
            loop.call_at(float(due), fired.append, index)
        await asyncio.sleep(10)
        return fired

    assert run_virtual(main) == sorted(range(len(dues)), key=dues.__getitem__)


def test_ready_callbacks_run_before_any_timer_of_the_same_instant() -> None:
    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        ran: list[str] = []
        loop.call_at(0.0, ran.append, "timer")
        loop.call_soon(ran.append, "soon")
        await asyncio.sleep(1)
        return ran

    assert run_virtual(main) == ["soon", "timer"]


def test_a_timer_in_the_past_fires_now_and_time_never_decreases() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(10)
        fired: list[float] = []
        loop.call_at(3.0, lambda: fired.append(loop.time()))
        await asyncio.sleep(1)
        return fired

    assert run_virtual(main) == [10.0]


def test_a_cancelled_timer_does_not_fire_and_time_does_not_wait_for_it() -> None:
    async def main() -> tuple[list[int], float]:
        loop = asyncio.get_running_loop()
        fired: list[int] = []
        handle = loop.call_later(5, fired.append, 1)
        handle.cancel()
        await asyncio.sleep(7)
        assert handle.cancelled()
        return fired, loop.time()

    assert run_virtual(main) == ([], 7.0)


def test_a_callback_of_call_soon_can_be_cancelled() -> None:
    async def main() -> list[int]:
        ran: list[int] = []
        asyncio.get_running_loop().call_soon(ran.append, 1).cancel()
        await asyncio.sleep(1)
        return ran

    assert run_virtual(main) == []


def test_asyncio_timeout_works_in_virtual_time() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run_virtual(main) == 30.0


def test_a_deadlock_names_the_waiting_tasks_and_their_lines() -> None:
    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.set_name("the one who waits")
        await asyncio.sleep(2.5)
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match=r"2\.500 s.*the one who waits at .*\.py:\d+"):
        run_virtual(main)


def test_an_error_in_a_callback_ends_the_run() -> None:
    class Broken(Exception):
        pass

    def fail() -> None:
        raise Broken

    async def main() -> None:
        asyncio.get_running_loop().call_later(1, fail)
        await asyncio.sleep(100)

    with pytest.raises(Broken):
        run_virtual(main)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("run_in_executor", (None, print)),
        ("add_reader", (0, print)),
        ("add_writer", (0, print)),
    ],
)
def test_threads_and_other_outside_calls_are_rejected(name: str, arguments: tuple[Any, ...]) -> None:
    async def main() -> None:
        getattr(asyncio.get_running_loop(), name)(*arguments)

    with pytest.raises(OutsideWorld, match=name):
        run_virtual(main)


def test_sockets_and_processes_are_rejected() -> None:
    async def main() -> None:
        with pytest.raises(OutsideWorld, match="socket"):
            await asyncio.open_connection("127.0.0.1", 9)
        with pytest.raises(OutsideWorld, match="socket"):
            await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        with pytest.raises(OutsideWorld, match="process"):
            await asyncio.create_subprocess_exec("true")
        with pytest.raises(OutsideWorld, match="process"):
            await asyncio.create_subprocess_shell("true")

    run_virtual(main)


def test_another_thread_cannot_schedule_callbacks_in_virtual_time() -> None:
    async def main() -> list[BaseException]:
        loop = asyncio.get_running_loop()
        rejected: list[BaseException] = []

        def reach_in() -> None:
            try:
                loop.call_soon_threadsafe(print)
            except OutsideWorld as error:
                rejected.append(error)

        thread = threading.Thread(target=reach_in)
        thread.start()
        thread.join()
        return rejected

    assert len(run_virtual(main)) == 1


def test_a_signal_handler_in_the_thread_of_the_loop_can_schedule_callbacks() -> None:
    async def main() -> list[str]:
        ran: list[str] = []
        asyncio.get_running_loop().call_soon_threadsafe(ran.append, "told")
        await asyncio.sleep(0)
        return ran

    assert run_virtual(main) == ["told"]


def test_a_callback_runs_in_its_context() -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="unset")

    async def main() -> list[str]:
        context = contextvars.copy_context()
        context.run(name.set, "somebody")
        seen: list[str] = []
        asyncio.get_running_loop().call_later(1, lambda: seen.append(name.get()), context=context)
        await asyncio.sleep(2)
        return seen

    assert run_virtual(main) == ["somebody"]


def test_the_loop_counts_the_callbacks_it_ran_and_no_cancelled_timer() -> None:
    loop = VirtualLoop()
    for at in (1.0, 2.0):
        loop.call_at(at, int)
    loop.call_at(1.5, int).cancel()
    loop.call_at(3.0, loop.stop)
    loop.run_forever()
    loop.close()
    assert loop.events == 3


def test_the_hook_is_called_before_each_timer_and_may_schedule_an_earlier_event() -> None:
    seen: list[object] = []

    def before_timer(when: float, order: int) -> bool:
        assert (order == 0) == (when == math.inf)
        seen.append(when)
        if when == 2.0 and "between" not in seen:
            loop.call_at(1.5, seen.append, "between")
            return False
        if when == math.inf:
            loop.stop()
            return False
        return True

    loop = VirtualLoop(before_timer)
    loop.call_at(1.0, seen.append, "first")
    loop.call_at(1.2, int).cancel()
    loop.call_at(2.0, seen.append, "last")
    loop.run_forever()
    loop.close()
    assert seen == [1.0, "first", 2.0, 1.5, "between", 2.0, "last", math.inf]


def test_no_scheduled_timer_is_a_deadlock_after_the_hook_was_called() -> None:
    asked: list[float] = []

    def before_timer(when: float, _order: int) -> bool:
        asked.append(when)
        return len(asked) > 1

    loop = VirtualLoop(before_timer)
    with pytest.raises(Deadlock):
        loop.run_forever()
    loop.close()
    assert asked == [math.inf, math.inf]
