"""Task groups: the only place that creates tasks. Children are cancelled in the order of their creation.

`asyncio.TaskGroup` cancels its children in set order, which depends on memory addresses and differs from run to run, so
a simulation would not be reproducible. A child's exception is never lost: it becomes the result of `failed`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from simulator.model.times import LoopTime


class Tasks:
    """The tasks of one owner, with its name. `async with Tasks("pool") as tasks:` cancels the remaining tasks at the
    end of the block.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._children: dict[asyncio.Task[Any], None] = {}

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=f"{self.name}/{name}")
        self._children[task] = None
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._children.pop(task, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not self.failed.done():
            self.failed.set_exception(error)
            self.failed.exception()  # marks it as retrieved; awaiting `failed` still raises it

    async def close(self) -> None:
        """Cancel the children in the order of their creation and wait for each to end. Errors remain in `failed`."""
        while self._children:  # a cancelled child may spawn another one before it ends
            children = list(self._children)
            for task in children:
                task.cancel()
            for task in children:
                while not task.done():
                    # Not `await task`: that would raise the child's cancellation, but only that of the calling task
                    # must be raised here.
                    await asyncio.wait((task,))
            await asyncio.sleep(0)  # lets `_ended` of the last task run
        self.failed.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def until(at_s: LoopTime) -> None:
    """Sleep until exactly `at_s` of the loop's clock; return immediately if that time has passed.

    `asyncio.sleep` takes a delay, which it adds to the current time, so rounding may end it slightly early or late.
    """
    loop = asyncio.get_running_loop()
    if at_s > loop.time():
        reached: asyncio.Future[None] = loop.create_future()
        timer = loop.call_at(at_s, _reach, reached)
        try:
            await reached
        finally:
            timer.cancel()


def _reach(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def first_of(*futures: asyncio.Future[Any]) -> int:
    """Wait until one of `futures` is done and return the lowest index of a done one. No future is cancelled."""
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
    return next(index for index, future in enumerate(futures) if future.done())
