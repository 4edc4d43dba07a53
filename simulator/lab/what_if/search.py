"""The search along the values of one setting for the smallest change that is enough.

The search begins with the value that the run suggests. From there it doubles the change until it is enough, then halves
the interval between the largest change that is not enough and the smallest one that is.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from typing import NamedTuple

from simulator.lab.what_if.ladders import Ladder
from simulator.report.verdict.part import WhatIfPart


class Tried(NamedTuple):
    """The result of a value. `part`: the figures of a complete run; None if the run was ended before, at `ended_s`.

    `lost`: requests lost until the run ended.
    """

    is_enough: bool
    lost: int
    ended_s: float = math.inf
    part: WhatIfPart | None = None

    @property
    def is_slower(self) -> bool:
        """True if the change is known to make requests too slow."""
        return self.part is not None and self.part.is_slower

    @property
    def rank(self) -> tuple[bool, float, float]:
        """Sorts results by how near they are to being enough, the best one first."""
        return not self.is_enough, -self.ended_s, self.lost


@dataclass(slots=True)
class ChangeSearch:
    """The search along one ladder: the smallest position known to be enough, and the largest known not to be.

    Position -1 is the run without a change. Positions from `limit` on make requests too slow.
    """

    ladder: Ladder
    at: int
    not_enough: int = -1
    enough: int | None = None
    limit: int = sys.maxsize
    tried: dict[int, Tried] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """True if the smallest change that is enough is known, or no value is enough and none has better neighbours."""
        if self.enough is not None:
            return self.enough - self.not_enough <= 1
        return self.at in self.tried

    @property
    def best(self) -> int | None:
        """The position of the smallest change that is enough, else of the best one that was tried."""
        if self.enough is not None:
            return self.enough
        return min(self.tried, key=lambda place: (self.tried[place].rank, place), default=None)

    def label(self, place: int) -> str:
        return self.ladder.label(self.ladder.values[place])

    def note(self, place: int, result: Tried) -> None:
        """Note the result of a value, and move on: halve the interval, or double the change."""
        self.tried[place] = result
        if result.is_enough:
            self.enough = place if self.enough is None else min(self.enough, place)
        elif result.is_slower and self.ladder.slows:
            self.limit = min(self.limit, place)
        else:
            self.not_enough = max(place, self.not_enough)
        if self.enough is not None and not result.is_enough and place >= self.enough:
            # a complete run has refuted a shorter one
            self.enough = min((at for at, tried in self.tried.items() if at > place and tried.is_enough), default=None)
        self.at = self._next()

    def _next(self) -> int:
        if self.enough is not None:
            return (self.enough + self.not_enough) // 2
        last = min(len(self.ladder.values), self.limit) - 1
        following = min(last, 2 * self.not_enough + 1)
        if following >= 0 and following not in self.tried:
            return following
        best = min(self.tried, key=lambda place: (self.tried[place].rank, place))
        beside = (place for place in (best - 1, best + 1) if 0 <= place <= last and place not in self.tried)
        return next(beside, best)
