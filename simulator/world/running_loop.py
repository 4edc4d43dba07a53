"""The running event loop with a typed clock: it returns `LoopTime`, so mypy distinguishes times of the loop and of the
run.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import cast

from simulator.model.times import LoopTime


class RunningLoop(asyncio.AbstractEventLoop):
    """The type of `running_loop()` for mypy; no loop is an instance of this class."""

    @abstractmethod
    def time(self) -> LoopTime: ...


def running_loop() -> RunningLoop:
    """Return the running event loop. Its times are typed here once, so that frequent calls need no conversion."""
    return cast("RunningLoop", asyncio.get_running_loop())
