"""Finds the levels of an observation by itself: light load first, then steps up to saturation, then around the knee.

Decides from the stages played so far, so it is the same in real and in virtual time. The first level has little load:
what a request takes alone. Then the rate grows by factors until the service is saturated; these levels are short. The
remaining time is divided among levels at shares of the capacity that was found, which are long enough for quantiles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from simulator.calibration.observation.observation import LoadStage
from simulator.calibration.observation.tables import ObservedRequests
from simulator.calibration.observing.level import Level

BASE_RPS: Final = 2.0
RATE_MIN_RPS: Final = 0.05
RATE_MAX_RPS: Final = 20_000.0
# The load client keeps up with at least this rate by itself: if it is late at a lower one, other programs delay it.
_CLIENT_RPS: Final = 50.0
WARM_UP_S: Final = 1.0
# Shares of the capacity, the most informative first: near the knee, where queueing shows, and far from it.
SHARES: Final[tuple[float, ...]] = (0.7, 0.9, 0.4, 1.2, 0.8, 0.15, 0.95, 0.55)
# Without saturation: shares of the highest rate that was played.
SHARES_BELOW: Final[tuple[float, ...]] = (1.0, 0.5, 0.75, 0.2)

_OVERHEAD_S: Final = 2.0  # start and end of an instance, until they have been measured
_SHORT_SHARE: Final = 1 / 40  # a short level, as a share of the budget
_SHORT_S: Final = (2.0, 8.0)
_SHORT_REQUESTS: Final = 15  # at low rates a level takes as long as these
_LONG_S: Final = (5.0, 45.0)
_OVERLOADED_S: Final = 15.0  # a level above the capacity learns nothing more after the queue is full
_NEAR: Final = 0.06  # rates that differ by less are one level

# A stage is saturated if it serves less than it is offered, or if its latency is far above that of light load.
_SERVED_MIN: Final = 0.93
_LATENCY_FACTOR: Final = 10.0
_ERROR_SHARE: Final = 0.05
_REQUESTS_MIN: Final = 10
# Few requests: a queue that grows shows in what is unfinished at the end, if later requests take longer than earlier
# ones; a constant latency leaves requests unfinished, too.
_UNFINISHED_SHARE: Final = 0.3
_GROWTH: Final = 2.0
# Of the CPU: saturation that used as much is that of the CPU. The rate that the CPU allows may be up to this factor
# above the responses; more than that has another cause.
_CPU_BOUND: Final = 0.9
_ALLOWED_MAX: Final = 1.25
_RATES_APART: Final = 1.4  # factor between two rates whose CPU times give the demand of a request
_FASTER: Final = 0.5  # of the capacity that the CPU time allows: up to there the rate grows fast


@dataclass(frozen=True, slots=True)
class StageFigures:
    """What the search needs of a stage, all after its warm-up, which lasted `seconds`.

    `unfinished_share`: requests in progress at the end of the stage, as a share of those sent. `growth`: latency of the
    last third of the requests, as a multiple of that of the first third.
    """

    seconds: float
    offered: int
    served_rps: float
    error_share: float
    p50_s: float
    cpu_per_request_s: float
    cpu_s: float
    unfinished_share: float
    growth: float
    is_client_late: bool

    def is_saturated(self, light: StageFigures | None) -> bool:
        """Return True if the service does not keep up. `light`: figures of light load."""
        if self.offered < _REQUESTS_MIN:
            return False
        if self.error_share > _ERROR_SHARE:
            return True
        if light is not None and self.p50_s > _LATENCY_FACTOR * light.p50_s:
            return True
        if self.unfinished_share > _UNFINISHED_SHARE and self.growth > _GROWTH:
            return True
        served = self.served_rps * self.seconds + 3 * math.sqrt(self.offered)  # three standard deviations
        return served < _SERVED_MIN * self.offered

    def cpu_share(self, vcpu: float) -> float:
        """Return the CPU time as a share of what the instance has; 0 if it is unknown."""
        return 0.0 if math.isnan(self.cpu_s) else self.cpu_s / (vcpu * self.seconds)


def figures_of(stage: LoadStage) -> StageFigures:
    """Return the figures of a stage."""
    sent, ended = stage.settled, _ended_in(stage)
    answered = sent.rows(sent.served)
    served = int(ended.served.sum())
    unfinished = sent.sent_s + sent.latency_s >= stage.duration_s
    return StageFigures(
        seconds=stage.settled_s,
        offered=len(sent),
        served_rps=served / stage.settled_s,
        error_share=float(np.mean(_errors(sent))) if len(sent) else 0.0,
        p50_s=float(np.median(answered.latency_s)) if len(answered) else math.inf,
        cpu_per_request_s=stage.cpu_s / len(ended) if len(ended) else math.nan,
        cpu_s=stage.cpu_s,
        unfinished_share=float(np.mean(unfinished)) if len(sent) else 0.0,
        growth=_growth(answered),
        is_client_late=stage.is_client_late,
    )


def _growth(answered: ObservedRequests) -> float:
    third = len(answered) // 3
    if third == 0:
        return 1.0
    first_s = float(np.median(answered.latency_s[:third]))
    return float(np.median(answered.latency_s[-third:])) / max(first_s, 1e-9)


def _ended_in(stage: LoadStage) -> ObservedRequests:
    """Return the requests that ended after the warm-up and before the end of the stage."""
    ended_s = stage.requests.sent_s + stage.requests.latency_s
    return stage.requests.rows((ended_s >= stage.warm_up_s) & (ended_s < stage.duration_s))


def _errors(requests: ObservedRequests) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return True for requests without a response, with 429 or with 5xx."""
    errors: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
        (requests.status == 0) | (requests.status == 429) | (requests.status >= 500)
    )
    return errors


@dataclass(slots=True)
class LevelSearch:
    """Chooses the next level. `budget_s`: time for all levels; `vcpu`: CPU of the instance.

    `ends` says in a sentence why the search ended before its time; empty if it did not.
    """

    budget_s: float
    vcpu: float
    rate_max_rps: float = RATE_MAX_RPS
    ends: str = ""
    _stages: list[LoadStage] = field(default_factory=list)
    _figures: list[StageFigures] = field(default_factory=list)
    _long_rates: list[float] = field(default_factory=list)
    _spent_s: float = 0.0
    _overheads_s: list[float] = field(default_factory=list)  # of levels: their time without their requests

    def add(self, stage: LoadStage, spent_s: float) -> None:
        """Add a played stage, which took `spent_s` with everything."""
        self._stages.append(stage)
        self._figures.append(figures_of(stage))
        self._spent_s += spent_s
        if not self._figures[-1].is_saturated(self.light):  # otherwise requests in progress took long to end
            self._overheads_s.append(spent_s - stage.duration_s)

    def end(self, why: str) -> None:
        """Choose no further level."""
        self.ends = why

    def next(self) -> Level | None:
        """Return the next level; None if there is no more time, or nothing more to learn."""
        number = len(self._stages) + 1
        if self.ends or self.left_s < self._overhead_s + WARM_UP_S + _SHORT_S[0]:
            return None
        rate_rps = self._step_rps()
        if rate_rps is not None:
            return Level(number, _tidy(rate_rps), WARM_UP_S, self._short_s(rate_rps))
        return self._long_level(number)

    @property
    def left_s(self) -> float:
        """Time that is left of the budget."""
        return self.budget_s - self._spent_s

    @property
    def _overhead_s(self) -> float:
        return max(self._overheads_s, default=_OVERHEAD_S)

    @property
    def light(self) -> StageFigures | None:
        """The figures of light load: of the lowest rate that was not saturated by itself."""
        found = self._lightest
        return None if found is None else self._figures[found]

    @property
    def light_stage(self) -> LoadStage | None:
        """The stage of `light`."""
        found = self._lightest
        return None if found is None else self._stages[found]

    @property
    def _lightest(self) -> int | None:
        figures = self._figures
        calm = [place for place, each in enumerate(figures) if each.offered and not each.is_saturated(None)]
        return min(calm, key=lambda place: figures[place].offered / figures[place].seconds, default=None)

    @property
    def capacity_rps(self) -> float | None:
        """Requests/s that the service serves at most; None if no level was saturated.

        If saturation used the whole CPU, the CPU time of a request says more than the responses: while the number of
        requests in progress grows, part of the CPU is spent on requests that have not ended yet.
        """
        light = self.light
        saturated = [figures for figures in self._figures if figures.is_saturated(light)]
        if not saturated:
            return None
        served_rps = max(RATE_MIN_RPS, *(figures.served_rps for figures in self._figures))
        busy = max((figures.cpu_share(self.vcpu) for figures in saturated), default=0.0)
        allowed_rps = self._allowed_rps()
        if busy >= _CPU_BOUND and served_rps < allowed_rps < _ALLOWED_MAX * served_rps:
            return allowed_rps
        return served_rps

    # --- steps -------------------------------------------------------------------------------------------------------

    def _short_s(self, rate_rps: float) -> float:
        low_s, high_s = _SHORT_S
        wanted_s = min(max(self.budget_s * _SHORT_SHARE, low_s), high_s)
        wanted_s = max(wanted_s, min(_SHORT_REQUESTS / rate_rps, self.budget_s / 10))
        return round(max(low_s, min(wanted_s, self.left_s - self._overhead_s - WARM_UP_S)), 1)

    def _step_rps(self) -> float | None:
        """Return the rate of the next short level; None if the bounds of the capacity are known or out of reach."""
        if not self._stages:
            return BASE_RPS
        last, light = self._stages[-1], self.light
        if light is None:  # even the lowest rate was too high
            lowest = min(stage.rate_rps for stage in self._stages)
            return lowest / 4 if lowest / 4 >= RATE_MIN_RPS else None
        highest = max(stage.rate_rps for stage in self._stages)
        if self.capacity_rps is not None or highest >= self.rate_max_rps:
            return None
        late = [
            f.is_client_late for stage, f in zip(self._stages, self._figures, strict=True) if stage.rate_rps == highest
        ]
        if all(late) and highest >= _CLIENT_RPS:
            return highest if len(late) == 1 else None  # once more: another program may have caused it
        return min(max(last.rate_rps, highest) * self._factor(highest), self.rate_max_rps)

    def _factor(self, rate_rps: float) -> float:
        """Return the factor to the next rate: large where the CPU time of a request says that there is room."""
        allowed_rps = self._allowed_rps()
        if math.isnan(allowed_rps):
            return 2.0
        target_rps = _FASTER * allowed_rps
        return min(max(target_rps / rate_rps, 1.5), 8.0)

    def _allowed_rps(self) -> float:
        """Return the rate at which the CPU would be fully used, by the levels without saturation; NaN if it is unknown.

        The CPU time that the instance uses without requests, such as that of a background thread, is the same at every
        rate: with two rates, the demand of a request is the slope between them.
        """
        light = self.light
        known = [f for f in self._figures if not f.is_saturated(light) and f.cpu_s > 0 and f.served_rps > 0]
        if not known:
            return math.nan
        lowest, highest = min(known, key=_served_rps), max(known, key=_served_rps)
        base, each_s = 0.0, highest.cpu_s / highest.seconds / highest.served_rps
        if highest.served_rps >= _RATES_APART * lowest.served_rps:
            used = lowest.cpu_s / lowest.seconds
            slope_s = (highest.cpu_s / highest.seconds - used) / (highest.served_rps - lowest.served_rps)
            if slope_s > 0:
                base, each_s = max(0.0, used - slope_s * lowest.served_rps), slope_s
        return max(0.0, self.vcpu - base) / each_s

    # --- long levels -------------------------------------------------------------------------------------------------

    def _long_level(self, number: int) -> Level | None:
        capacity_rps = self.capacity_rps
        base_rps = self._highest_rps() if capacity_rps is None else capacity_rps
        shares = SHARES_BELOW if capacity_rps is None else SHARES
        wanted = [share * base_rps for share in shares if not self._is_played(share * base_rps)]
        least_s = min(max(_LONG_S[0], self._overhead_s), _LONG_S[1])  # at least half of the time is measured
        wanted = wanted[: int(self.left_s / (self._overhead_s + WARM_UP_S + least_s))]
        if not wanted:
            return None
        measured_s = self.left_s / len(wanted) - self._overhead_s - WARM_UP_S
        if capacity_rps is not None and wanted[0] > capacity_rps:
            measured_s = min(measured_s, _OVERLOADED_S)
        self._long_rates.append(wanted[0])
        return Level(number, _tidy(wanted[0]), WARM_UP_S, round(min(max(measured_s, _LONG_S[0]), _LONG_S[1]), 1))

    def _highest_rps(self) -> float:
        """Return the highest rate at which the load client was not late."""
        in_time = [
            stage.rate_rps
            for stage, f in zip(self._stages, self._figures, strict=True)
            if stage.rate_rps < _CLIENT_RPS or not f.is_client_late
        ]
        return max(in_time, default=min(stage.rate_rps for stage in self._stages))

    def _is_played(self, rate_rps: float) -> bool:
        """Return True if a long level had about this rate."""
        return any(abs(played_rps - rate_rps) <= _NEAR * rate_rps for played_rps in self._long_rates)


def _tidy(rate_rps: float) -> float:
    """Round to three digits."""
    return float(f"{rate_rps:.3g}")


def _served_rps(figures: StageFigures) -> float:
    return figures.served_rps
