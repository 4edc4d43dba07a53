"""Outlier detection: an instance that repeatedly fails requests gets none for some time, even if its probes pass.

This is Envoy's outlier detection (its documentation, "Outlier detection", and config.cluster.v3.OutlierDetection), with
its defaults. Only failures that the balancer observes itself count: no connection, a broken connection, an invalid
response, no response in time. A response of the application is a success of its instance, even a 500.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class EjectionSettings:
    """Settings; times in seconds, `share_max` and `panic_share` are shares of the ready instances, 0 to 1.

    `failures` consecutive failures eject an instance for `base_s` times the number of its ejections, at most for
    `ejected_s_max`. That number decreases by one with every `forgive_s` without an ejection.

    Raises:
        ValueError: if a value is out of range.
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
    """Ejects and restores the instances of one service, identified by number. Times are in seconds of one monotonic
    clock.

    `failing` contains the consecutive failures of the instances that have any. It is empty while all requests succeed,
    so the caller needs only one check per success.
    """

    def __init__(self, settings: EjectionSettings = DEFAULT) -> None:
        self.settings = settings
        self.failing: dict[int, int] = {}
        self.ejected: dict[int, float] = {}  # instance number -> end of the ejection
        self._record: dict[int, tuple[int, float]] = {}  # instance number -> counted ejections, end of the last one

    def succeeded(self, number: int) -> None:
        """Reset the consecutive failures of an instance, because it has responded."""
        self.failing.pop(number, None)

    def failed(self, number: int, now: float, ready: int) -> float | None:
        """Count a failure. If it ejects the instance, return the end of the ejection.

        `ready` is the number of ready instances, including ejected ones.
        """
        if number in self.ejected:
            return None  # the request began before the ejection
        failures = self.failing[number] = self.failing.get(number, 0) + 1
        if failures < self.settings.failures or not self._has_room(ready):
            return None
        del self.failing[number]
        until = now + self._sentence_s(number, now)
        self.ejected[number] = until
        return until

    def restored(self, number: int, now: float) -> None:
        """End an ejection because its time is over or because of panic mode. Further failures eject again."""
        del self.ejected[number]
        self._record[number] = (self._record[number][0], now)

    def forget(self, number: int) -> None:
        """Remove an instance that has left service."""
        for each in (self.failing, self.ejected, self._record):
            each.pop(number, None)

    def panics(self, ready: int) -> bool:
        """Return True if too few instances are left, so that ejections must be ignored (Envoy's panic threshold)."""
        return bool(self.ejected) and ready - len(self.ejected) < ready * self.settings.panic_share

    def _has_room(self, ready: int) -> bool:
        """Return True if one more instance may be ejected: up to `share_max` of them or one, but never the last one in
        service.
        """
        after = len(self.ejected) + 1
        return after < ready and (after == 1 or after <= ready * self.settings.share_max)

    def _sentence_s(self, number: int, now: float) -> float:
        times, ended = self._record.get(number, (0, now))
        times = max(0, times - int((now - ended) / self.settings.forgive_s)) + 1
        self._record[number] = (times, now)
        return min(times * self.settings.base_s, self.settings.ejected_s_max)
