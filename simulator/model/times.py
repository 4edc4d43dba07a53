"""The two kinds of a time, as different types, so that mypy reports one where the other belongs.

Both are seconds, as `float`. A duration is a plain `float`, such as the difference of two times of one kind. Only a
run's clock (world/clock.py `RunClock`) converts a time of one kind into the other. The loop's own clock has its type
from world/running_loop.py; a conversion is a function call, so none is on the way of each request.
"""

from __future__ import annotations

from math import inf
from typing import Final, NewType

RunTime = NewType("RunTime", float)  # seconds since the run began: what scenarios, journal, reports and pages show
LoopTime = NewType("LoopTime", float)  # time of the event loop, whose origin is arbitrary: what timers use

RUN_START: Final = RunTime(0.0)
RUN_FOREVER: Final = RunTime(inf)
RUN_NOT_YET: Final = RunTime(-1.0)  # of what has not happened
NOT_YET: Final = LoopTime(-1.0)  # of what has not happened: less than any time of the loop
LOOP_FOREVER: Final = LoopTime(inf)
