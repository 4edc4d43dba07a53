from __future__ import annotations

import asyncio
from math import inf

import pytest

from simulator.model.times import RUN_FOREVER, RUN_START, LoopTime, RunTime
from simulator.world.clock import RunClock
from tests.virtual import run_virtual


@pytest.mark.parametrize("at_s", [0.0, 12.5, 86_400.0])
def test_a_time_of_the_run_is_converted_to_one_of_the_loop_and_back(at_s: float) -> None:
    async def main() -> tuple[RunTime, LoopTime]:

        await asyncio.sleep(3.25)  # the platform opens before the run begins
        clock = RunClock()
        clock.start()
        return clock.run_s(clock.loop_s(RunTime(at_s))), clock.loop_s(RunTime(at_s))

    assert run_virtual(main) == (RunTime(at_s), LoopTime(3.25 + at_s))


def test_a_run_begins_at_0_and_its_end_may_be_open() -> None:
    assert (float(RUN_START), float(RUN_FOREVER)) == (0.0, inf)
