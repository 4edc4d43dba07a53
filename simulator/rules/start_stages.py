"""The start of an instance as stages: how long each takes, and when the ingress sends requests to the new instance.

A platform starts an instance in one of several paths, each with its share of the starts, so that durations that are
long together stay together. A path has the stages until the application starts, and two durations from healthy until
the ingress routes requests to the instance: `registration_s` in general, and `from_zero_s` for the first instance of a
service at zero for which a request waits.

The pull of an image and the start-up of the application are no stages here: a scenario gives them for its application
(`simulated.image`, `simulated.start_up`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class StartDelays(NamedTuple):
    """The delays of one start in seconds. `launch_s`: from the decision to the launch; `route_s`: from healthy until
    the ingress routes requests to the instance.
    """

    launch_s: float
    route_s: float


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


@dataclass(frozen=True, slots=True)
class StartPath:
    """A way in which a start can go. `share`: its share of the starts."""

    share: float
    stages: tuple[StartStage, ...]
    registration: StartStage
    from_zero: StartStage

    @property
    def launch_s(self) -> float:
        """The mean time until the launch."""
        return sum(stage.mean_s for stage in self.stages)


@dataclass(frozen=True, slots=True)
class StartLaw:
    """The paths of a platform.

    Raises:
        ValueError: unless the shares of the paths add up to 1.
    """

    paths: tuple[StartPath, ...]

    def __post_init__(self) -> None:
        total = sum(path.share for path in self.paths)
        if abs(total - 1) > 1e-9:
            msg = f"shares of the paths = {total:g}, must add up to 1"
            raise ValueError(msg)

    @property
    def draws(self) -> int:
        """The number of random numbers that a start needs."""
        return 2 + max(len(path.stages) for path in self.paths)

    @property
    def launch_s(self) -> float:
        """The mean time from the decision to the launch."""
        return sum(path.share * path.launch_s for path in self.paths)

    def delays(self, quantiles: tuple[float, ...], *, from_zero: bool) -> StartDelays:
        """Return the delays of a start for `draws` random numbers between 0 and 1.

        `from_zero`: no other instance exists, and a request waits for this one.
        """
        path = self._path(quantiles[0])
        routed = path.from_zero if from_zero else path.registration
        launch_s = sum(stage.at(quantile) for stage, quantile in zip(path.stages, quantiles[2:], strict=False))
        return StartDelays(launch_s, routed.at(quantiles[1]))

    def _path(self, quantile: float) -> StartPath:
        below = 0.0
        for path in self.paths[:-1]:
            below += path.share
            if quantile < below:
                return path
        return self.paths[-1]
