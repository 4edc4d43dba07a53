from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable

import pytest

from simulator.world.clock import ClockKind, run, wall_s
from simulator.world.playback import Playback


async def beats(seen: list[float], count: int, every_s: float) -> None:
    for _ in range(count):
        await asyncio.sleep(every_s)
        seen.append(asyncio.get_running_loop().time())


def paced(main: Callable[[Playback], object], speed: float, look: Callable[[], float] = lambda: math.inf) -> None:
    playback = Playback(wall_s, speed)

    async def begun() -> None:
        playback.begin(asyncio.get_running_loop().time(), playing=True, look=look)
        await main(playback)  # type: ignore[misc]

    run(ClockKind.VIRTUAL, begun, playback=playback)


def test_a_paced_loop_runs_at_its_speed() -> None:
    seen: list[float] = []
    begin_s = wall_s()
    paced(lambda _: beats(seen, 5, 1.0), speed=50.0)
    assert seen == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert wall_s() - begin_s >= 5.0 / 50.0  # 5 virtual seconds at 50 per second; the machine may add to this


def test_a_paced_loop_has_the_same_times_as_the_plain_loop() -> None:
    plain: list[float] = []
    watched: list[float] = []
    run(ClockKind.VIRTUAL, lambda: beats(plain, 300, 0.1))
    paced(lambda _: beats(watched, 300, 0.1), speed=1000.0)
    assert watched == plain


def test_calls_from_other_threads_run_at_the_current_paced_time() -> None:
    """The next event is an hour later, and the call arrives while the loop waits for it."""
    at_s: list[float] = []

    async def main(_: Playback) -> None:
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def act() -> None:
            at_s.append(loop.time())
            done.set_result(None)

        begin_s = wall_s()
        threading.Timer(0.1, lambda: loop.call_soon_threadsafe(act)).start()
        far = loop.call_later(3600.0, lambda: None)
        await done
        far.cancel()
        at_s.append((wall_s() - begin_s) * 10.0)

    paced(main, speed=10.0)
    assert 0.9 < at_s[0] <= at_s[1] + 0.01  # 0.1 s of the wall clock at ten per second; the loop is never ahead


def test_a_paused_loop_stops_until_play() -> None:
    seen: list[float] = []

    async def main(playback: Playback) -> None:
        loop = asyncio.get_running_loop()
        playback.pause(loop.time())
        threading.Timer(0.15, lambda: loop.call_soon_threadsafe(lambda: playback.play(loop.time()))).start()
        begin_s = wall_s()
        await asyncio.sleep(0.01)
        seen.append(wall_s() - begin_s)

    paced(main, speed=1.0)
    assert seen[0] >= 0.15


def test_a_step_ends_at_its_time() -> None:
    seen: list[float] = []
    reached = threading.Event()

    def look() -> float:
        if asyncio.get_running_loop().time() >= 100.0:
            reached.set()
        return math.inf

    async def main(playback: Playback) -> None:
        loop = asyncio.get_running_loop()
        playback.pause(loop.time())
        playback.step(100.0)

        def go_on() -> None:
            seen.append(loop.time())
            playback.release()

        def after_the_step() -> None:
            assert reached.wait(10)
            loop.call_soon_threadsafe(go_on)

        threading.Thread(target=after_the_step).start()
        await beats([], 200, 1.0)

    paced(main, speed=0.01, look=look)
    assert seen == [100.0]


def test_an_exception_in_a_call_from_another_thread_ends_the_run() -> None:
    async def main(_: Playback) -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(lambda: 1 / 0)
        await asyncio.sleep(60)

    with pytest.raises(ZeroDivisionError):
        paced(main, speed=1.0)
