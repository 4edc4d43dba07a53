"""Whether a quarter of a vCPU does a quarter of the work, on a machine that other processes use as well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from simulator.model.sizes import InstanceSize

WINDOW_S: Final = 2.0
ATTEMPTS: Final = 6
# Two processes need two CPUs, so the limit is effective for the larger instance too. Each prints the rounds that it
# completed in the window, and the CPU seconds that it got.
RACE: Final = f"""
import multiprocessing, time
def compute():
    rounds, over_s = 0, time.monotonic() + {WINDOW_S}
    while time.monotonic() < over_s:
        sum(range(1000))
        rounds += 1
    print(rounds, time.process_time(), flush=True)
children = [multiprocessing.get_context("fork").Process(target=compute) for _ in range(2)]
for child in children:
    child.start()
for child in children:
    child.join()
print("up", flush=True)
"""


async def assert_a_quarter(lines_of: Callable[[InstanceSize], Awaitable[list[str]]]) -> None:
    """Check the ratio. `lines_of(size)` returns the output of an instance of `size` that runs RACE.

    A pair of runs counts if both instances got nine tenths of their CPU limit, and a second of CPU completed about as
    many rounds in both. Otherwise other processes used the CPU, or the other half of its core, and the pair says
    nothing about limits. If no pair counts, the test is skipped.
    """
    for _ in range(ATTEMPTS):
        (small, small_s), (large, large_s) = [
            _sums(await lines_of(size)) for size in (InstanceSize(256, 512), InstanceSize(1024, 2048))
        ]
        had_theirs = small_s > 0.9 * 0.25 * WINDOW_S and large_s > 0.9 * WINDOW_S
        if had_theirs and small / small_s == pytest.approx(large / large_s, rel=0.1):
            assert small / large == pytest.approx(0.25, rel=0.15)
            return
    pytest.skip(f"others had the CPU in all of {ATTEMPTS} attempts")


def _sums(lines: list[str]) -> tuple[int, float]:
    told = [line.split() for line in lines if line != "up"]
    return sum(int(rounds) for rounds, _ in told), sum(float(cpu_s) for _, cpu_s in told)
