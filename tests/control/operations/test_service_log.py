"""Lines of running services: collected, truncated, and written in order."""

from __future__ import annotations

import asyncio

from simulator.control.operations.service_log import ServiceLog
from tests.control.api_stage import Stage
from tests.virtual import run_virtual


def test_lines_are_written_together_after_a_fifth_of_a_second() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            log = ServiceLog(stage.registry, stage.now)
            for number in range(3):
                log.application(arn, "i1", f"line {number}")
            await asyncio.sleep(0.1)
            assert stage.lines(arn, "instance/i1") == []
            await asyncio.sleep(0.2)
            assert stage.lines(arn, "instance/i1") == ["line 0", "line 1", "line 2"]
            log.close()

    run_virtual(main)


def test_a_hundred_lines_are_written_at_once_and_the_end_writes_the_rest() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            log = ServiceLog(stage.registry, stage.now)
            for number in range(100):
                log.application(arn, "i1", str(number))
            await asyncio.sleep(0.01)
            assert len(stage.lines(arn, "instance/i1")) == 100
            log.application(arn, "i1", "100")
            await asyncio.sleep(0.01)
            assert len(stage.lines(arn, "instance/i1")) == 100
            log.close()
            assert len(stage.lines(arn, "instance/i1")) == 101

    run_virtual(main)


def test_a_long_line_is_truncated_and_one_of_an_unknown_service_discarded() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            log = ServiceLog(stage.registry, stage.now)
            log.application(arn, "i1", "x" * (256 * 1024 + 1))
            log.application(arn.replace("hello", "absent"), "i1", "y")
            log.event(arn, "a line")
            log.flush()
            assert [len(line) for line in stage.lines(arn, "instance/i1")] == [256 * 1024]
            assert stage.lines(arn)[-1] == "a line"
            log.close()

    run_virtual(main)
