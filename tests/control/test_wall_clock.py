from __future__ import annotations

import asyncio

from simulator.control.wall_clock import VIRTUAL_START_S, iso_text, left_s, live_wall_clock, virtual_wall_clock
from simulator.world.clock import epoch_s
from tests.virtual import run_virtual


def test_virtual_time_starts_at_a_fixed_date() -> None:
    async def main() -> None:
        now = virtual_wall_clock()
        await asyncio.sleep(1.25)
        assert now() == VIRTUAL_START_S + 1.25
        assert iso_text(now()) == "2026-01-01T00:00:01Z"

    run_virtual(main)


def test_real_time_is_the_wall_clock_in_milliseconds() -> None:
    now = live_wall_clock()
    assert abs(now - epoch_s()) < 60
    assert round(now, 3) == now


def test_the_remainder_of_a_duration_is_bounded() -> None:
    now = VIRTUAL_START_S
    assert (left_s(10, now, now + 4), left_s(10, now, now + 11)) == (6, 0)
    assert left_s(10, now, now - 86_400) == 10, "the clock was set back"
