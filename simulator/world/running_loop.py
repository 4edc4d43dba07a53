"""The running event loop, typed: its clock gives `LoopTime`, so mypy tells a time of the loop from one of the run."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import cast

from simulator.model.times import LoopTime


class RunningLoop(asyncio.AbstractEventLoop):
    """What `running_loop` returns, as mypy sees it; no loop is made of this class."""

    @abstractmethod
    def time(self) -> LoopTime: ...


def running_loop() -> RunningLoop:
    """Return the running event loop. Its times are typed here once, so that no call on the hot path converts one."""
    return cast("RunningLoop", asyncio.get_running_loop())
