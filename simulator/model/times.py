"""The two kinds of times, as different types, so that mypy reports an error where one is used in place of the other.

Both are seconds, as `float`. A duration is a plain `float`, such as the difference of two times of one kind. Only a
run's clock (world/clock.py `RunClock`) converts a time of one kind into the other. The loop's own clock gets its type
from world/running_loop.py, because a conversion is a function call, which would be needed for each request.
"""

from __future__ import annotations

from math import inf
from typing import Final, NewType

RunTime = NewType("RunTime", float)  # seconds since the run began, as in scenarios, journal, reports and pages
LoopTime = NewType("LoopTime", float)  # seconds of the event loop, whose origin is arbitrary, as in timers

RUN_START: Final = RunTime(0.0)
RUN_FOREVER: Final = RunTime(inf)
RUN_NOT_YET: Final = RunTime(-1.0)  # the time of an event that has not happened
NOT_YET: Final = LoopTime(-1.0)  # the time of an event that has not happened, less than any time of the loop
LOOP_FOREVER: Final = LoopTime(inf)
