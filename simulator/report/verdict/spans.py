"""Times of a run in which something held, and which bins of a series they touch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.records.instance_time import StepFunction

Mask = NDArray[np.bool_]


class TimeSpan(NamedTuple):
    """The time from `begin_s` until `end_s`."""

    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Bins of equal width up to the end of the run."""

    width_s: float
    begins_s: NDArray[np.float64]
    ends_s: NDArray[np.float64]

    @classmethod
    def until(cls, ended_s: float, width_s: float, count: int) -> Bins:
        """Return `count` bins, of which the last ends with the run."""
        edges_s = np.minimum(np.arange(count + 1) * width_s, ended_s)
        edges_s[-1] = ended_s
        return cls(width_s, edges_s[:-1], edges_s[1:])

    def touched(self, spans: Iterable[TimeSpan]) -> Mask:
        """Return True for the bins that share a moment with a span."""
        found = np.zeros(len(self.begins_s), dtype=np.bool_)
        for begin_s, end_s in spans:
            found |= (self.begins_s < end_s) & (self.ends_s > begin_s)
        return found


def recovery(ready: StepFunction, wanted: StepFunction, lost_s: float, before: int, ended_s: float) -> TimeSpan:
    """Return the time from a loss of instances until as many are ready as before or as wanted, whichever are fewer."""
    moments = sorted({lost_s, *(at_s for at_s in (*ready.times_s, *wanted.times_s) if at_s > lost_s)})
    for at_s in moments:
        if ready.at(at_s) >= min(before, wanted.at(at_s)):
            return TimeSpan(lost_s, at_s)
    return TimeSpan(lost_s, ended_s)


def episodes(lossy: Mask, bins: Bins, gap_s: float) -> list[TimeSpan]:
    """Return the times in which the bins of `lossy` lie; those less than `gap_s` apart are one."""
    found: list[TimeSpan] = []
    for begin_s, end_s in zip(bins.begins_s[lossy].tolist(), bins.ends_s[lossy].tolist(), strict=True):
        if found and begin_s - found[-1].end_s < gap_s:
            found[-1] = TimeSpan(found[-1].begin_s, end_s)
        else:
            found.append(TimeSpan(begin_s, end_s))
    return found
