"""The timer of a station: fires at each end of a computation, even if an earlier end is added."""

from __future__ import annotations

import asyncio

from simulator.fleet.simulated.station_timer import StationTimer
from simulator.world.clock import ClockKind, run


class Ends:
    """A station whose computations end at given times."""

    def __init__(self) -> None:
        self.due: list[float] = []

    def next_s(self) -> float | None:
        return min(self.due, default=None)


def test_it_calls_once_at_each_end_and_an_earlier_end_comes_first() -> None:
    async def main() -> list[float]:
        station = Ends()
        called: list[float] = []

        def ended(now_s: float) -> None:
            called.append(now_s)
            station.due.remove(now_s)

        timer = StationTimer(station, ended)
        timer.arm()  # nothing is computed
        for due_s in (5.0, 2.0, 3.0):
            station.due.append(due_s)
            timer.arm()
        await asyncio.sleep(10)
        return called

    assert run(ClockKind.VIRTUAL, main) == [2.0, 3.0, 5.0]


def test_an_end_that_moves_is_called_at_its_new_time_only() -> None:
    async def main() -> list[float]:
        station = Ends()
        called: list[float] = []

        def ended(now_s: float) -> None:
            called.append(now_s)
            station.due.clear()

        timer = StationTimer(station, ended)
        station.due = [4.0]
        timer.arm()
        station.due = [1.0]
        timer.arm()
        await asyncio.sleep(10)
        return called

    assert run(ClockKind.VIRTUAL, main) == [1.0]
