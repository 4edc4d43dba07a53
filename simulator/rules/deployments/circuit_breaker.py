"""The deployment circuit breaker of ECS: a deployment fails after a number of starts in a row that failed."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    """The threshold: a `share` of the desired instances, rounded up, at least `least` and at most `most`.

    50 %, 3 and 200 are ECS's (ecs-express 4, CB: read).

    Raises:
        ValueError: if a number is out of range.
    """

    share: float = 0.5
    least: int = 3
    most: int = 200

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            msg = f"share = {self.share:g}, must be 0 to 1"
            raise ValueError(msg)
        if not 1 <= self.least <= self.most:
            msg = f"least = {self.least}, must be 1 to most = {self.most}"
            raise ValueError(msg)

    def threshold(self, desired: int) -> int:
        """Return the number of failed starts in a row at which a deployment of `desired` instances fails."""
        return min(max(math.ceil(self.share * desired), self.least), self.most)
