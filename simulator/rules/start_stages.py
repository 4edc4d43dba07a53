"""The start of an instance as stages: how long each takes, and when the ingress sends requests to the new instance.

A platform starts an instance in one of several paths, each with its share of the starts, so that durations that are
long together stay together. A path has the stages until the application starts, and two durations from healthy until
the ingress routes requests to the instance: `registration_s` in general, and `from_zero_s` for the first instance of a
service at zero for which a request waits.

A platform that initialises a runtime inside the new instance has an `InitLaw` too. That time follows the launch, so it
is billed like the application's own start-up, which comes after it.

The pull of an image and the start-up of the application are no stages here: a scenario gives them for its application
(`simulated.image`, `simulated.start_up`). A platform that starts a stopped machine again, or resumes a suspended one,
needs less of both (`Kept`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final, NamedTuple

DAY_S: Final = 86_400.0


class Kept(Enum):
    """What a starting instance still has from an earlier time.

    NOTHING: it is a new one, which pulls the image and starts the application. DISK: the image is there. MEMORY: the
    application is resumed as it was, so nothing is pulled or started. In real time every instance is a new one.
    """

    NOTHING = "nothing"
    DISK = "disk"
    MEMORY = "memory"


class StartDelays(NamedTuple):
    """The delays of one start in seconds. `launch_s`: from the decision to the launch; `route_s`: from healthy until
    the ingress routes requests to the instance; `init_s`: from the launch until the application's own start-up begins.
    `kept`: what the instance still has from an earlier time.
    """

    launch_s: float
    route_s: float
    init_s: float = 0.0
    kept: Kept = Kept.NOTHING

    def plus(self, launch_s: float, route_s: float) -> StartDelays:
        """Return these delays with more time before the launch and before the routing."""
        return self._replace(launch_s=self.launch_s + launch_s, route_s=self.route_s + route_s)


@dataclass(frozen=True, slots=True)
class StartStage:
    """A stage that takes `low_s` to `high_s` seconds, uniformly distributed.

    Raises:
        ValueError: unless 0 <= low_s <= high_s.
    """

    name: str
    low_s: float
    high_s: float

    def __post_init__(self) -> None:
        if not 0 <= self.low_s <= self.high_s:
            msg = f"stage {self.name} = {self.low_s:g} to {self.high_s:g} s, must be an increasing range from 0 s on"
            raise ValueError(msg)

    @property
    def mean_s(self) -> float:
        return (self.low_s + self.high_s) / 2

    def at(self, quantile: float) -> float:
        """Return the duration at a quantile, 0 to 1."""
        return self.low_s + quantile * (self.high_s - self.low_s)


_REGISTERED_AT_ONCE: Final = StartStage("registration", 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class StartPath:
    """A way in which a start can go. `share`: its share of the starts.

    Default: the ingress routes requests to an instance as soon as it is healthy.
    """

    share: float
    stages: tuple[StartStage, ...]
    registration: StartStage = _REGISTERED_AT_ONCE
    from_zero: StartStage = _REGISTERED_AT_ONCE

    @property
    def launch_s(self) -> float:
        """The mean time until the launch."""
        return sum(stage.mean_s for stage in self.stages)


@dataclass(frozen=True, slots=True)
class QuantileCurve:
    """A distribution relative to its median: (level, multiple of the median) in increasing order, from level 0 to 1.

    Between two of them the logarithm of the multiple is linear in the level.

    Raises:
        ValueError: unless both increase, the levels from 0 to 1 and the multiples from above 0.
    """

    knots: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        levels = [level for level, _ in self.knots]
        rising = all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(self.knots))
        if levels[:1] != [0.0] or levels[-1:] != [1.0] or not rising or self.knots[0][1] <= 0:
            msg = f"quantiles = {self.knots}, must increase from level 0 to level 1, with multiples above 0"
            raise ValueError(msg)

    def at(self, level: float) -> float:
        """Return the multiple of the median at a level, 0 to 1."""
        for (low, below), (high, above) in pairwise(self.knots):
            if level <= high:
                return below * math.pow(above / below, (level - low) / (high - low))
        return self.knots[-1][1]

    @property
    def mean(self) -> float:
        """The mean as a multiple of the median."""
        return sum(
            (high - low) * (below if below == above else (above - below) / math.log(above / below))
            for (low, below), (high, above) in pairwise(self.knots)
        )


@dataclass(frozen=True, slots=True)
class InitLaw:
    """The initialisation of a runtime: a median, a distribution around it, and a factor for each day.

    The logarithm of a day's factor is normal with the standard deviation `day_sd`; its median is 1.
    """

    median_s: float
    curve: QuantileCurve
    day_sd: float = 0.0

    @property
    def mean_s(self) -> float:
        """The mean over all days."""
        return self.median_s * self.curve.mean * math.exp(self.day_sd**2 / 2)

    def day_factor(self, quantile: float) -> float:
        """Return the factor of a day for a random number between 0 and 1."""
        if self.day_sd == 0:
            return 1.0
        from statistics import NormalDist  # noqa: PLC0415 few platforms have a day effect

        inside = min(max(quantile, 1e-12), 1 - 1e-12)
        return math.exp(self.day_sd * NormalDist().inv_cdf(inside))

    def at(self, quantile: float, day_factor: float) -> float:
        """Return the duration at a quantile, 0 to 1, on a day."""
        return self.median_s * self.curve.at(quantile) * day_factor


@dataclass(frozen=True, slots=True)
class StartLaw:
    """The paths of a platform, and the initialisation in the new instance, if the platform has one.

    Raises:
        ValueError: unless the shares of the paths add up to 1.
    """

    paths: tuple[StartPath, ...]
    init: InitLaw | None = None

    def __post_init__(self) -> None:
        total = sum(path.share for path in self.paths)
        if abs(total - 1) > 1e-9:
            msg = f"shares of the paths = {total:g}, must add up to 1"
            raise ValueError(msg)

    @property
    def draws(self) -> int:
        """The number of random numbers that a start needs."""
        return 2 + max(len(path.stages) for path in self.paths) + (self.init is not None)

    @property
    def launch_s(self) -> float:
        """The mean time from the decision to the launch."""
        return sum(path.share * path.launch_s for path in self.paths)

    @property
    def mean_s(self) -> float:
        """The mean time from the decision until the application's own start-up begins."""
        return self.launch_s + (self.init.mean_s if self.init is not None else 0.0)

    def delays(self, quantiles: tuple[float, ...], *, from_zero: bool, day_factor: float = 1.0) -> StartDelays:
        """Return the delays of a start for `draws` random numbers between 0 and 1.

        `from_zero`: no other instance exists, and a request waits for this one. `day_factor`: that of the
        initialisation on the day of the start.
        """
        path = self._path(quantiles[0])
        routed = path.from_zero if from_zero else path.registration
        launch_s = sum(stage.at(quantile) for stage, quantile in zip(path.stages, quantiles[2:], strict=False))
        init_s = self.init.at(quantiles[-1], day_factor) if self.init is not None else 0.0
        return StartDelays(launch_s, routed.at(quantiles[1]), init_s)

    def _path(self, quantile: float) -> StartPath:
        below = 0.0
        for path in self.paths[:-1]:
            below += path.share
            if quantile < below:
                return path
        return self.paths[-1]
