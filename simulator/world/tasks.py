"""Tasks: the only place that makes them. Children are kept and cancelled in order of birth.

`asyncio.TaskGroup` cancels its children in set order, which differs from run to run and would let memory addresses into
a simulation. A child that fails is never silent: its exception is the result of `failed`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self


class Tasks:
    """The tasks of one owner. `async with Tasks("pool") as tasks:` cancels what is left at the end of the block."""

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
            self.failed.exception()  # marked as seen; whoever awaits `failed` raises it

    async def close(self) -> None:
        """Cancel the children in order of birth, then wait for each to end. Their errors stay in `failed`."""
        while self._children:  # a child that is cancelled may spawn another on its way out
            children = list(self._children)
            for task in children:
                task.cancel()
            for task in children:
                while not task.done():
                    # A wait, not an await of the task: its cancellation is not ours, ours must get through.
                    await asyncio.wait((task,))
            await asyncio.sleep(0)  # `_ended` of the last one has its turn
        self.failed.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def until(at_s: float) -> None:
    """Until that moment of the loop's clock, to the last digit; at once when it has passed.

    Not `asyncio.sleep`, which adds a difference to the time again and may end a hair before or after.
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
    """Wait until one of `futures` is done; the index of the first done one in the order given. None is cancelled."""
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
    return next(index for index, future in enumerate(futures) if future.done())
