"""A load stage prepared for a fit: its arrivals are played again with other work, so they are the same in both."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.calibration.fitting.laws import Array
from simulator.calibration.observation.observation import LoadStage, ObservationKind, ServiceObservation
from simulator.fleet.pool.settings import PoolSettings
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.rules.stations.cpu_quota import CpuQuota

Mask = NDArray[np.bool_]

REQUESTS_MIN: Final = 24  # successful requests of a stage: with fewer there are no quantiles to compare
CONCURRENCY_MAX: Final = 200  # MaxConcurrency of an observation that does not say it: App Runner's largest
_TIMEOUT_S: Final = 120.0  # App Runner's limit of a request (facts 3.2)
_REJECTED: Final = (429, 503)
_OVERLOADED: Final = 0.9  # answers as a share of arrivals
_PERIOD_MIN_S: Final = 0.5  # of a period whose CPU time is compared: App Runner's and ours are of a second
_RESOLUTION_S: Final = 0.0002  # of latencies in real time: a client and a network differ by this much between requests


class CpuPeriods(NamedTuple):
    """Periods after the warm-up, about a second each, with the CPU seconds that the instance used in each."""

    begins_s: Array
    ends_s: Array
    cpu_s: Array


@dataclass(frozen=True, eq=False)
class FitStage:
    """The requests of a stage in order of arrival.

    `is_measured`: after the warm-up and answered without an error, so that its latency counts. `is_failed`: answered
    with an error by the application, which has done its work. `is_settled`: after the warm-up.
    """

    observation: int
    number: int
    rate_rps: float
    duration_s: float
    warm_up_s: float
    at_s: Array
    latency_s: Array
    route: NDArray[np.int64]
    is_measured: Mask
    is_failed: Mask
    is_rejected: Mask
    is_settled: Mask
    cpu_s: float
    resolution_s: float
    settings: PoolSettings
    quota: CpuQuota | None
    periods: CpuPeriods

    @property
    def is_live(self) -> bool:
        """True if it was measured in real time."""
        return self.resolution_s > 0

    @property
    def vcpu(self) -> float:
        """The vCPUs of the instance."""
        return self.settings.size.vcpu

    @property
    def settled_s(self) -> float:
        """Seconds after the warm-up."""
        return self.duration_s - self.warm_up_s

    @property
    def utilization(self) -> float:
        """CPU time used as a share of the vCPUs; NaN if unknown."""
        return self.cpu_s / (self.settled_s * self.vcpu)

    @property
    def throughput_rps(self) -> float:
        """Answers per second after the warm-up, with or without an error."""
        ended_s = self.at_s + self.latency_s
        inside = ~self.is_rejected & (ended_s >= self.warm_up_s) & (ended_s < self.duration_s)
        return float(inside.sum()) / self.settled_s

    @property
    def is_overloaded(self) -> bool:
        """True if clearly fewer requests were answered than arrived after the warm-up, so that the latency grows as
        long as the stage lasts.
        """
        arrived = int((self.is_settled & ~self.is_rejected).sum())
        return arrived > 0 and self.throughput_rps * self.settled_s < _OVERLOADED * arrived

    @property
    def is_behind(self) -> bool:
        """True if fewer requests were answered than arrived, rejected ones among them."""
        latency_s = np.where(self.is_rejected, np.nan, self.latency_s)
        return bool(self.behind(latency_s[None, :])[0])

    def behind(self, latency_s: Array) -> Mask:
        """Return whether fewer requests were answered than arrived in each play. Latencies of rejected requests are
        NaN.
        """
        ended_s = self.at_s + latency_s
        answered = ((ended_s >= self.warm_up_s) & (ended_s < self.duration_s)).sum(axis=1)
        behind: Mask = answered < _BEHIND * self.is_settled.sum()
        return behind

    @property
    def is_saturated(self) -> bool:
        """True if it was behind, or computed all the time."""
        if self.is_behind or not len(self.periods.cpu_s):
            return self.is_behind
        low_s, middle_s, high_s = np.quantile(self.periods.cpu_s, (0.25, 0.5, 0.75))
        return bool(high_s - low_s < _STEADY * middle_s)

    @property
    def in_flight(self) -> float:
        """Mean number of requests in progress after the warm-up, by Little's law."""
        used = self.is_settled & ~self.is_rejected
        return float(self.latency_s[used].sum()) / self.settled_s

    @property
    def rejected_share(self) -> float:
        """Share of the requests after the warm-up that were rejected."""
        settled = self.is_settled & ~self.is_failed
        return float(self.is_rejected[settled].mean()) if settled.any() else 0.0


# Answers below this share of the arrivals: the stage was behind.
_BEHIND: Final = 0.95
# Range of the middle half of the CPU times of periods, as a share of their median, below which the CPU was busy all the
# time: by chance, the arrivals of a second alone vary more.
_STEADY: Final = 0.02
_LATE: Final = "has arrivals that were not those intended, because the load client was late"


class NotCalibrated(ValueError):
    """The observations do not allow a calibration; the message says why."""


def fit_stages(observations: Sequence[ServiceObservation]) -> list[FitStage]:
    """Return the stages that can be fitted.

    Raises:
        NotCalibrated: if there is none, with the reason of each.
    """
    stages: list[FitStage] = []
    reasons: dict[str, list[int]] = {}  # the numbers of the stages by the reason
    for place, observation in enumerate(observations):
        if observation.kind is not ObservationKind.STEPPED:
            msg = f"observation {place + 1} is of the kind {observation.kind}, must be stepped: one instance under load"
            raise NotCalibrated(msg)
        for load in observation.loads:
            stage = _stage(place, observation, load)
            reason = _why_not(stage, load)
            if reason:
                reasons.setdefault(reason, []).append(load.number)
            else:
                stages.append(stage)
    if not stages:
        found = "; ".join(_told(numbers, reason) for reason, numbers in reasons.items()) or "there are no load stages"
        hint = ". Observe again while the machine is quiet" if _LATE in reasons else ""
        msg = f"no load stage can be fitted: {found}{hint}"
        raise NotCalibrated(msg)
    return stages


def _told(numbers: Sequence[int], reason: str) -> str:
    if len(numbers) == 1:
        return f"stage {numbers[0]} {reason}"
    return f"stages {', '.join(map(str, numbers))}: each {reason}"


def left_out(observations: Sequence[ServiceObservation]) -> Iterator[str]:
    """Yield a sentence for each reason for which stages cannot be fitted, with their numbers and rates."""
    for place, observation in enumerate(observations):
        reasons: dict[str, list[LoadStage]] = {}
        for load in observation.loads:
            reason = _why_not(_stage(place, observation, load), load)
            if reason:
                reasons.setdefault(reason, []).append(load)
        for reason, loads in reasons.items():
            if len(loads) == 1:
                yield f"Stage {loads[0].number} ({loads[0].rate_rps:g}/s) was left out: it {reason}."
            else:
                which = ", ".join(f"{load.number} ({load.rate_rps:g}/s)" for load in loads)
                yield f"Stages {which} were left out: each {reason}."


def _why_not(stage: FitStage, load: LoadStage) -> str:
    settled, count = int(stage.is_settled.sum()), int(stage.is_measured.sum())
    if load.is_client_late:
        return _LATE
    if settled >= REQUESTS_MIN and count == 0:
        return f"has no successful answer among {settled} requests after its warm-up"
    if count < REQUESTS_MIN:
        return f"has {count} successful answers after its warm-up, {REQUESTS_MIN} are needed"
    return ""


def _stage(place: int, observation: ServiceObservation, load: LoadStage) -> FitStage:
    rows = load.requests
    order = np.argsort(rows.sent_s + rows.late_s, kind="stable")
    sent_s = (rows.sent_s + rows.late_s)[order]
    late_s, status = rows.late_s[order], rows.status[order]
    settled = rows.sent_s[order] >= load.warm_up_s
    rejected = np.isin(status, _REJECTED)
    served = rows.served[order]
    size = observation.size or InstanceSize()
    capacity = observation.max_concurrency or CONCURRENCY_MAX
    return FitStage(
        observation=place,
        number=load.number,
        rate_rps=load.rate_rps,
        duration_s=load.duration_s,
        warm_up_s=load.warm_up_s,
        at_s=sent_s,
        latency_s=np.maximum(rows.latency_s[order] - late_s, 1e-9),
        route=rows.route[order],
        is_measured=settled & served,
        is_failed=~served & ~rejected,
        is_rejected=rejected,
        is_settled=settled,
        cpu_s=load.cpu_s,
        resolution_s=0.0 if observation.is_virtual else _RESOLUTION_S,
        settings=PoolSettings(
            service="observed",
            size=size,
            scaling=AutoScalingConfiguration(max_concurrency=capacity, min_size=1, max_size=1),
            request_timeout_s=_TIMEOUT_S,
        ),
        quota=quota_of(observation),
        periods=_periods(load),
    )


def quota_of(observation: ServiceObservation) -> CpuQuota | None:
    """Return the CPU quota that was in force."""
    period_s = observation.limits.cpu_period_s
    if not (observation.limits.cpu_limited and math.isfinite(period_s) and period_s > 0):
        return None
    return CpuQuota(period_s, max(1, observation.machine.cores))


def _periods(load: LoadStage) -> CpuPeriods:
    """Return the periods between readings of the CPU time. The beginning of the first is not known."""
    begins_s, ends_s, cpu_s = load.samples.at_s[:-1], load.samples.at_s[1:], load.samples.cpu_s[1:]
    kept = np.isfinite(cpu_s) & (ends_s - begins_s >= _PERIOD_MIN_S)
    kept &= (begins_s >= load.warm_up_s - 1e-6) & (ends_s <= load.duration_s + 1e-6)
    return CpuPeriods(begins_s[kept], ends_s[kept], cpu_s[kept])


def total_requests(stages: Sequence[FitStage]) -> int:
    """Return the number of requests of all stages."""
    return sum(len(stage.at_s) for stage in stages)
