from __future__ import annotations

import asyncio
import sys

import pytest

from simulator.world.child_processes import ended_with

# Writes more than a pipe and its reader hold, then waits for a signal.
_PROGRAM = "import sys, time; sys.stdout.write('x' * 4_000_000); sys.stdout.flush(); time.sleep(600)"


async def started() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-c", _PROGRAM), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def test_a_process_whose_reader_is_cancelled_has_ended_with_closed_pipes() -> None:
    process = await started()

    begun = asyncio.Event()

    async def read() -> None:
        assert process.stdout is not None
        async with ended_with(process):
            await process.stdout.readexactly(1)
            begun.set()
            await process.communicate()

    reading = asyncio.ensure_future(read())  # noqa: TID251 the test cancels it
    async with asyncio.timeout(60):
        await begun.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    assert process.returncode == -9
    assert process.stdout is not None
    assert process.stdout.at_eof()


async def test_a_process_that_is_read_in_part_has_ended_after_the_block() -> None:
    process = await started()
    assert process.stdout is not None

    async with ended_with(process):
        assert await process.stdout.readexactly(10) == b"x" * 10

    assert process.returncode == -9


async def test_a_process_that_has_ended_keeps_its_code() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-I", "-S", "-c", "raise SystemExit(3)")

    async with ended_with(process):
        await process.wait()

    assert process.returncode == 3
