"""The probes of a container as the kubelet runs them: when a container becomes ready, stops being ready, or is killed.

Each probe has ticks every `period_s` from a phase on that does not depend on the container. It is attempted at the
ticks that are not before `initial_s`; an attempt without an answer fails after `timeout_s`. Until the startup probe has
passed, the other two are not attempted. The startup or the liveness probe kills the container with the last of
`unhealthy_threshold` failures in a row, and the readiness probe only removes it from the endpoints.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from simulator.rules.health import Health, Streak

# A probe that decides nothing within this time never does: a kept container is healthy.
HORIZON_S = 3600.0


@dataclass(frozen=True, slots=True)
class ContainerProbe:
    """A probe with the defaults of Kubernetes. Times are in seconds.

    Raises:
        ValueError: if a number is out of range.
    """

    period_s: float = 10.0
    timeout_s: float = 1.0
    initial_s: float = 0.0
    healthy_threshold: int = 1  # successThreshold
    unhealthy_threshold: int = 3  # failureThreshold

    def __post_init__(self) -> None:
        for name, least in (("period_s", 1), ("timeout_s", 1), ("healthy_threshold", 1), ("unhealthy_threshold", 1)):
            value = getattr(self, name)
            if value < least:
                msg = f"{name.removesuffix('_s')} = {value:g}, must be at least {least}"
                raise ValueError(msg)
        if self.initial_s < 0:
            msg = f"initial = {self.initial_s:g}, must be at least 0"
            raise ValueError(msg)


class ProbeOutcome(NamedTuple):
    """The times of a container since its start in seconds; infinite for what does not happen."""

    ready_s: float = math.inf
    unready_s: float = math.inf
    killed_s: float = math.inf


def probe_outcome(
    *,
    startup: ContainerProbe | None = None,
    liveness: ContainerProbe | None = None,
    readiness: ContainerProbe | None = None,
    up_s: float = 0.0,
    hangs_s: float = math.inf,
    phase: float = 0.0,
) -> ProbeOutcome:
    """Return the outcome for an application that answers from `up_s` until `hangs_s`.

    `phase`: where the ticks of each probe begin, as a share of its period, 0 to 1.
    """

    def first(probe: ContainerProbe, health: Health, after_s: float = -math.inf) -> float:
        changes = _changes(probe, started_s, up_s, hangs_s, phase)
        return next((at_s for at_s, found in changes if found is health and at_s > after_s), math.inf)

    started_s = 0.0
    if startup is not None:
        passed_s, failed_s = first(startup, Health.HEALTHY), first(startup, Health.UNHEALTHY)
        if failed_s < passed_s:
            return ProbeOutcome(killed_s=failed_s)
        started_s = passed_s
    killed_s = math.inf if liveness is None else first(liveness, Health.UNHEALTHY)
    ready_s = started_s if readiness is None else first(readiness, Health.HEALTHY)
    if ready_s > killed_s:
        return ProbeOutcome(killed_s=killed_s)
    unready_s = math.inf if readiness is None else first(readiness, Health.UNHEALTHY, ready_s)
    return ProbeOutcome(ready_s, unready_s if unready_s < killed_s else math.inf, killed_s)


def _changes(
    probe: ContainerProbe, least_s: float, up_s: float, hangs_s: float, phase: float
) -> Iterator[tuple[float, Health]]:
    """Yield (time, new health) at each change of the health that the probe finds."""
    streak = Streak(probe)
    for at_s in _ticks(probe, least_s, phase):
        before, passed = streak.health, up_s <= at_s < hangs_s
        if streak.probed(passed=passed) is not before:
            yield at_s if passed else at_s + probe.timeout_s, streak.health


def _ticks(probe: ContainerProbe, least_s: float, phase: float) -> Iterator[float]:
    first_s = phase * probe.period_s
    skipped = max(0, math.ceil((max(probe.initial_s, least_s) - first_s) / probe.period_s))
    ticks = (first_s + number * probe.period_s for number in itertools.count(skipped))
    return itertools.takewhile(lambda at_s: at_s <= HORIZON_S, ticks)
