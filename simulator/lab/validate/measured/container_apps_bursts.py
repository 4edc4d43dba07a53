"""Bursts on Azure Container Apps as measured by Y. Choe in April 2026 (facts validation-2 V4 and V5).

V4: `hey` sends 400 requests, 100 at a time, with its time-out of 20 s, to an app whose replicas serve 8 requests of
250 ms at once. S1 begins at zero; S2 had four replicas, as its answers show by Little's law (the author assumed one).
V5: 100 messages in a queue with a rule of 5 messages per replica. The published worker takes ten messages at a time and
processes each in 2 s. Its other scenario, five open streams and a burst of 200 requests, is no case: how many of the
requests were in progress at a time is not published.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np

from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject, relative
from simulator.lab.validate.ground_truth import rows
from simulator.lab.validate.measured.container_apps import FOLDER, PULL, SOURCE
from simulator.lab.validate.measured.played import PlayedScenario
from simulator.rules.policies.kubernetes.container_apps_start import START_LAW

_BURSTS: Final = "aca_burst_2026-04-12.csv"
_QUANTILES: Final = (0.5, 0.95, 0.99)
REQUESTS: Final = 400
CLIENTS: Final = 100
# The log's first decision of the HPA is 6 s after the burst; here the HPA decides at multiples of 15 s.
FROM_ZERO_S: Final = 309.0
WARM_S: Final = 30.0
# In the middle between two decisions of the HPA.
MESSAGES_S: Final = 607.5
# A start from zero takes one of two paths at random, so S1 is the median of several.
SEEDS: Final = range(1, 22)


def _text(begin_s: float, least: int) -> str:
    return f"""
duration: {begin_s + 120:g}s
services:
  app:
    cpu: 0.5
    memory: 1GB
    min_size: {least}
    max_size: 10
    max_concurrency: 200
    overflow: {{mode: queue, wait: 20s, queue: 1000}}   # hey's time-out
    policy: container-apps
    application: {{simulated: {{io: 250ms, workers: 8, image: {PULL}}}}}
traffic:
  - name: hey
    from: {begin_s:g}s
    closed: {{users: {CLIENTS}, begin: request, shared_iterations: {REQUESTS}}}
"""


class Burst:
    """A played burst, as `hey` reports it. Times are in seconds."""

    def __init__(self, begin_s: float, least: int, seed: int = 1) -> None:
        self.played = PlayedScenario(_text(begin_s, least), seed)
        served = self.played.status == 200
        self._latency_s = self.played.latency_s[served]
        self.failed = int((~served).sum())
        self.mean_s = float(self._latency_s.mean())
        self.p50_s, self.p95_s = self.quantile_s(0.5), self.quantile_s(0.95)
        self.total_s = float((self.played.intended_s + self.played.latency_s).max()) - begin_s

    def quantile_s(self, share: float) -> float:
        """Return a quantile of the times of the served requests."""
        return float(np.quantile(self._latency_s, share))


@functools.cache
def from_zero() -> tuple[Burst, ...]:
    """Play S1 once for each seed."""
    return tuple(Burst(FROM_ZERO_S, 0, seed) for seed in SEEDS)


@functools.cache
def warm() -> Burst:
    """Play S2 with the four replicas that its answers show."""
    return Burst(WARM_S, 4)


def _of(bursts: Sequence[Burst], figure: str) -> float:
    return float(statistics.median(getattr(burst, figure) for burst in bursts))


def bursts() -> list[Finding]:
    """Case V4: failures, times and decisions of S1 as medians of the seeds; the times of S2."""
    zero, replicas = rows(f"{FOLDER}/{_BURSTS}")
    runs, steady = from_zero(), warm()
    (first_s, first), (second_s, second) = runs[0].played.decisions(FROM_ZERO_S + 1)[:2]
    total_s = float(zero["requests"]) / float(zero["req_per_s"])
    return [
        Finding("from zero: requests that timed out", float(zero["failed"]), _of(runs, "failed"), 10),
        Finding("from zero: seconds until the last answer", total_s, _of(runs, "total_s"), 6),
        relative("from zero: p50, s", float(zero["p50_ms"]) / 1000, _of(runs, "p50_s"), 0.4),
        Finding("from zero: replicas of the first decision of the HPA", 5, first),
        Finding("from zero: replicas of the second", 10, second),
        Finding("from zero: seconds between them", 15, second_s - first_s, 1),
        relative("four replicas: mean, s", float(replicas["avg_ms"]) / 1000, steady.mean_s, 0.1),
        relative("four replicas: p50, s", float(replicas["p50_ms"]) / 1000, steady.p50_s, 0.1),
        relative("four replicas: p95, s", float(replicas["p95_ms"]) / 1000, steady.p95_s, 0.1),
        Finding("four replicas: failed requests", 0, steady.failed),
    ]


def burst_curves() -> Sequence[Curve]:
    """Case V4: the quantiles of the times of the answers, published and simulated, of the median seed."""
    zero, replicas = rows(f"{FOLDER}/{_BURSTS}")
    label, unit = "quantile", "seconds"

    def points(row: dict[str, str]) -> tuple[tuple[float, float], ...]:
        return tuple((share, float(row[f"p{round(100 * share)}_ms"]) / 1000) for share in _QUANTILES)

    def simulated(found: Sequence[Burst]) -> tuple[tuple[float, float], ...]:
        return tuple(
            (share, float(statistics.median(burst.quantile_s(share) for burst in found))) for share in _QUANTILES
        )

    return [
        Curve("Burst from zero", label, unit, points(zero), simulated(from_zero())),
        Curve("Burst on four replicas", label, unit, points(replicas), simulated([warm()])),
    ]


@functools.cache
def queue() -> PlayedScenario:
    """Play V5's 100 messages as requests that each replica takes ten at a time and processes one after the other."""
    return PlayedScenario(f"""
duration: {MESSAGES_S + 600:g}s
services:
  worker:
    min_size: 1
    max_size: 10
    max_concurrency: 10
    overflow: {{mode: queue, wait: 600s, queue: 1000}}
    policy: {{name: keda, target: 5, metric_window: 1s, start_lag: {START_LAW.launch_s:g}s}}
    application: {{simulated: {{io: 2s, workers: 1, image: {PULL}}}}}
traffic:
  - at_once: {{requests: 100, at: {MESSAGES_S:g}s}}
""")


def queue_rule() -> list[Finding]:
    """Case V5: the times of the largest decision and of the way back."""
    decisions = queue().decisions(MESSAGES_S)
    most = max(desired for _, desired in decisions)
    out_s = next(at_s for at_s, desired in decisions if desired == most)
    in_s = next(at_s for at_s, desired in decisions if at_s > out_s and desired == 1)
    return [
        Finding("replicas", 10, most),
        Finding("seconds until all are decided", 15, out_s - MESSAGES_S, 15),
        Finding("seconds from there to one replica", 354, in_s - out_s, 30),
    ]


def cases() -> list[Case]:
    case = partial(
        Case, source=SOURCE, subject=Subject.CONTAINER_APPS, evidence=Evidence.MEASUREMENT, dated="2026-04-12"
    )
    return [
        case(
            "V4",
            "A burst from zero and on four replicas",
            run=bursts,
            set_up="400 requests of 250 ms, 100 at a time, time-out 20 s; 8 threads, HTTP rule 10, at most 10 "
            "replicas. From zero: medians of 21 runs, beside one measured.",
            curves=burst_curves,
        ),
        case(
            "V5",
            "A queue rule",
            run=queue_rule,
            set_up="100 messages of 2 s, a rule of 5 messages per replica, 1 to 10 replicas, polls of 30 s. The phase "
            "of the HPA is not published.",
        ),
    ]
