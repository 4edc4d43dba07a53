"""Passive ejection: an instance that keeps failing requests gets none for a while, though its health checks may pass.

Envoy's outlier detection (its documentation, "Outlier detection", and config.cluster.v3.OutlierDetection), with its
defaults. Only failures that the balancer sees itself count: no connection, a connection that broke, an answer that is
none, no answer in time. What an application answers, a 500 too, is a success of its instance here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class EjectionSettings:
    """Times in seconds; `share_max` and `panic_share` are shares of the ready instances, 0 to 1.

    `failures` in a row eject an instance for `base_s` times the number of its ejections, `ejected_s_max` at most. That
    number falls by one with every `forgive_s` without an ejection.

    Raises:
        ValueError: when a value is out of range.
    """

    failures: int = 5  # consecutive_5xx
    base_s: float = 30.0  # base_ejection_time
    ejected_s_max: float = 300.0  # max_ejection_time
    share_max: float = 0.1  # max_ejection_percent; one instance may always be ejected
    panic_share: float = 0.5  # healthy_panic_threshold
    forgive_s: float = 10.0  # interval

    def __post_init__(self) -> None:
        if self.failures < 1:
            msg = f"failures = {self.failures}, must be at least 1"
            raise ValueError(msg)
        for name in ("base_s", "ejected_s_max", "forgive_s"):
            if not getattr(self, name) > 0:
                msg = f"{name.removesuffix('_s')} = {getattr(self, name):g} s, must be more than 0 s"
                raise ValueError(msg)
        for name in ("share_max", "panic_share"):
            if not 0 <= getattr(self, name) <= 1:
                msg = f"{name} = {getattr(self, name):g}, must be 0 to 1"
                raise ValueError(msg)


DEFAULT: Final = EjectionSettings()


class Ejection:
    """Judges the instances of one service by number. Times in seconds of any one clock, in its order.

    `failing` holds the failures in a row of those that have any: empty as long as all is well, so that a success costs
    its caller one look.
    """

    def __init__(self, settings: EjectionSettings = DEFAULT) -> None:
        self.settings = settings
        self.failing: dict[int, int] = {}
        self.ejected: dict[int, float] = {}  # number -> until when
        self._record: dict[int, tuple[int, float]] = {}  # number -> ejections counted, end of the last one

    def succeeded(self, number: int) -> None:
        """An answer came: the row of failures is over."""
        self.failing.pop(number, None)

    def failed(self, number: int, now: float, ready: int) -> float | None:
        """One more failure; when it ejects the instance, until when. `ready` counts instances, ejected ones too."""
        if number in self.ejected:
            return None  # a request that it had before
        failures = self.failing[number] = self.failing.get(number, 0) + 1
        if failures < self.settings.failures or not self._has_room(ready):
            return None
        del self.failing[number]
        until = now + self._sentence_s(number, now)
        self.ejected[number] = until
        return until

    def restored(self, number: int, now: float) -> None:
        """Its time is over, or there is a panic: the next requests show whether it is well again."""
        del self.ejected[number]
        self._record[number] = (self._record[number][0], now)

    def forget(self, number: int) -> None:
        """The instance has left service."""
        for each in (self.failing, self.ejected, self._record):
            each.pop(number, None)

    def panics(self, ready: int) -> bool:
        """Too few are left in service: better all than few (Envoy's panic threshold)."""
        return bool(self.ejected) and ready - len(self.ejected) < ready * self.settings.panic_share

    def _has_room(self, ready: int) -> bool:
        """One more may go: at most the share, or one in all, and never the last one that serves."""
        after = len(self.ejected) + 1
        return after < ready and (after == 1 or after <= ready * self.settings.share_max)

    def _sentence_s(self, number: int, now: float) -> float:
        times, ended = self._record.get(number, (0, now))
        times = max(0, times - int((now - ended) / self.settings.forgive_s)) + 1
        self._record[number] = (times, now)
        return min(times * self.settings.base_s, self.settings.ejected_s_max)
