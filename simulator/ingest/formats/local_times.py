"""Times of a clock in a zone that the file does not name, as seconds since 1970: summer time begins and ends.

In the hour that is repeated at the end of summer time, lines are of its first pass until the times go back.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

import numpy as np

from simulator.ingest.blocks import Floats, Reading

# Lines are nearly in the order of their times: a step back by more is the end of summer time.
_BACK_S: Final = 900.0
_MINUTE_S: Final = 60.0  # the offset of a zone changes at a whole minute
_DAY_S: Final = 86_400.0
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 a time of the clock


class LocalTimes:
    """Converts the times of one file, block by block, by the zone that was chosen for the import, or as UTC."""

    def __init__(self, reading: Reading) -> None:
        reading.has_local_times = True
        self._zone = reading.zone
        self._latest_s = -np.inf
        self._repeated_day = -1.0
        self._offsets: dict[float, tuple[float, float]] = {}

    def seconds(self, clock_s: Floats) -> Floats:
        """Return seconds since 1970. `clock_s`: what the clock shows, as if it were UTC."""
        if self._zone is UTC or not len(clock_s):
            return clock_s
        minutes, places = np.unique(np.floor(clock_s / _MINUTE_S), return_inverse=True)
        offsets = np.array([self._both(minute) for minute in minutes.tolist()])[places]
        # Before and after the end of summer time; at its beginning, the hour that is left out has the offset before.
        is_repeated = offsets[:, 0] > offsets[:, 1]
        latest_s = np.maximum.accumulate(np.concatenate([[self._latest_s], clock_s]))
        self._latest_s = float(latest_s[-1])
        days = np.floor(clock_s / _DAY_S)
        second = is_repeated & (days == self._repeated_day)
        back = np.flatnonzero(is_repeated & ~second & (latest_s[:-1] - clock_s > _BACK_S))
        if len(back):
            self._repeated_day = float(days[back[0]])
            second[back[0] :] |= (is_repeated & (days == self._repeated_day))[back[0] :]
        return clock_s - np.where(second, offsets[:, 1], offsets[:, 0])

    def _both(self, minute: float) -> tuple[float, float]:
        """Return the offsets of the zone in the first and in the second pass of a minute."""
        if minute not in self._offsets:
            moment = (_EPOCH + timedelta(seconds=minute * _MINUTE_S)).replace(tzinfo=self._zone)
            self._offsets[minute] = _offset_s(moment), _offset_s(moment.replace(fold=1))
        return self._offsets[minute]


def _offset_s(moment: datetime) -> float:
    offset = moment.utcoffset()
    assert offset is not None, "it has a zone"
    return offset.total_seconds()


def zone_named(name: str) -> tzinfo:
    """Return a time zone by its name in the IANA database.

    Raises:
        ValueError: if there is none.
    """
    import zoneinfo  # noqa: PLC0415 few imports need it

    from simulator.model.text.problems import did_you_mean  # noqa: PLC0415

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = sorted(zoneinfo.available_timezones())
        near = did_you_mean(name, known) if known else "; this machine has no database of time zones"
        raise ValueError(f"--time-zone = {name!r}, must be a time zone such as Europe/Berlin or UTC{near}") from None
