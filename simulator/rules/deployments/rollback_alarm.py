"""The alarm that rolls a deployment back: the share of failed responses per period, M of N periods."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal, get_args

AlarmScope = Literal["new-revision", "service"]


@dataclass(frozen=True, slots=True)
class RollbackAlarm:
    """The settings. An alarm is raised when `points` of the newest `periods` periods exceed `share`. Times in seconds.

    Express Mode: more than 1 % of 4xx and 5xx, two points within three minutes (ecs-express 4, UPD: read).

    `scope`: whose responses count, those of the new revision or those of the whole service.
    ASSUMPTION: of the new revision, whose target group has metrics of its own; a canary of 5 % that fails in one of ten
    requests is below 1 % of the service. The dimensions of the alarm (describe-alarms) settle it.

    `late_s`: the time until a point is visible.
    ASSUMPTION: none, since three minutes of bake would otherwise end before an alarm. The history of an alarm that
    rolled a deployment back settles it.

    Raises:
        ValueError: if a number is out of range.
    """

    share: float = 0.01
    points: int = 2
    periods: int = 3
    period_s: float = 60.0
    scope: AlarmScope = "new-revision"
    late_s: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            msg = f"share = {self.share:g}, must be 0 or more and below 1"
            raise ValueError(msg)
        if not 1 <= self.points <= self.periods:
            msg = f"points = {self.points}, must be 1 to periods = {self.periods}"
            raise ValueError(msg)
        if self.period_s <= 0:
            msg = f"period = {self.period_s:g} s, must be more than 0 s"
            raise ValueError(msg)
        if self.late_s < 0:
            msg = f"late = {self.late_s:g} s, must be at least 0 s"
            raise ValueError(msg)
        if self.scope not in get_args(AlarmScope):
            msg = f"scope = {self.scope!r}, must be one of {', '.join(get_args(AlarmScope))}"
            raise ValueError(msg)


class AlarmPeriods:
    """The newest periods of a deployment, and whether they raise the alarm.

    ASSUMPTION: a period without requests does not count as failed (missing data is not breaching). Whether a deployment
    without traffic is ever rolled back settles it.
    """

    def __init__(self, alarm: RollbackAlarm) -> None:
        self._alarm = alarm
        self._breaching: deque[bool] = deque(maxlen=alarm.periods)

    def closed(self, failed: int, total: int) -> bool:
        """Record a period with `total` responses, of which `failed` failed. Return True if the alarm is raised."""
        self._breaching.append(total > 0 and failed / total > self._alarm.share)
        return sum(self._breaching) >= self._alarm.points
