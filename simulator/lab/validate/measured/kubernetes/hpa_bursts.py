"""The Kubernetes HPA in six bursts, as measured by J. Thompson in 2020 (facts validation-2 V11).

The pods and the CPU time of their requests are those of V10. Every 30 s Locust sends requests for 20 s through the API
server's proxy: 5 users, and 100 users at minute 2.5 and every 5 minutes after it. Requests in progress at the end of
the 20 s are not counted, as Locust stops its users then; the replicas are noted at that time. The HPA scales in without
stabilisation.

The delay of the proxy is not published. 80 ms gives the latency of the quiet probes with 12 replicas, 0.308 s; so that
figure is not a finding. All others are predictions.

The published figures are one run. When metrics-server collects its points, relative to the probes, is not published and
decides which replicas are noted, so several phases are played.
"""

from __future__ import annotations

import functools
import itertools
import statistics
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject, relative, within
from simulator.lab.validate.ground_truth import rows
from simulator.lab.validate.measured.kubernetes.day import CPU, METRIC_PERIOD_S, POD
from simulator.lab.validate.measured.kubernetes.hpa import SOURCE
from simulator.lab.validate.measured.played import PlayedScenario

PROBE_S: Final = 20.0
EVERY_S: Final = 30.0
PROBES: Final = 60
BURSTS: Final = range(5, PROBES, 10)  # probes with 100 users
USERS, BURST_USERS = 5, 100
REPLICAS_MAX: Final = 12
PHASES_S: Final = (0.0, 5.0, 10.0, 15.0, 20.0, 25.0)
_CURVE_PHASE_S: Final = 10.0
# Played bursts for each number of replicas.
_REPEATS: Final = 10
_APPLICATION: Final = POD.replace(CPU, f"{CPU}\n        io: 80ms")
_FAILURES: Final = "17 % of this burst's requests failed; in the others none did"
_MANY: Final = "with more pods, the nodes' cores are shared by the requests of several pods, which is not modelled"
_EXPLAINED: Final = {4: _FAILURES, 8: _MANY}
_PHASE: Final = (
    "12 replicas last for less than 30 s and are noted in some phases only; in the published run they were noted after "
    "5 of 6 bursts"
)


class Probe(NamedTuple):
    """A probe as the author recorded it. `latency_s`: the mean."""

    minute: float
    requests: float
    replicas: float
    latency_s: float


@functools.cache
def published() -> tuple[Probe, ...]:
    return tuple(
        Probe(
            float(row["minute"]),
            float(row["hpa_requests"]),
            float(row["hpa_replicas"]),
            float(row["hpa_avg_ms"]) / 1000,
        )
        for row in rows("hpa_experiments/hpa_short_bursts_2020.csv")
    )


def is_quiet(number: int) -> bool:
    """Return True for a probe that is neither a burst, nor one of three after a burst, nor at the start."""
    return number >= 4 and all(number - burst not in range(4) for burst in BURSTS)


def _text(users: Iterable[int], service: str, begin_s: float = 0.0) -> str:
    stages = [f"{{duration: {begin_s:g}s, target: 0}}"] if begin_s else []
    think = "{uniform: {low: 0.1s, high: 1s}}"
    count = 0
    for count, number in enumerate(users, 1):  # noqa: B007 used below
        stages.append(f"{{duration: 1s, target: {number}}}")  # Locust starts all of them within a second
        stages.append(f"{{duration: {PROBE_S - 1:g}s, target: {number}}}")
        stages.append("{duration: 0s, target: 0}")
        stages.append(f"{{duration: {EVERY_S - PROBE_S:g}s, target: 0}}")
    return f"""
duration: {begin_s + count * EVERY_S:g}s
services:
  pod:
{service}
{_APPLICATION}
traffic:
  - name: locust
    closed: {{users: 0, begin: request, think_time: {think}, stages: [{", ".join(stages)}]}}
"""


def _counted(played: PlayedScenario, begin_s: float, replicas: float, number: int) -> Probe:
    at_s = begin_s + number * EVERY_S
    chosen = played.within(at_s, at_s + PROBE_S) & (played.intended_s + played.latency_s <= at_s + PROBE_S)
    latencies = played.latency_s[chosen]
    latency_s = float(latencies.mean()) if len(latencies) else 0.0
    return Probe(number * EVERY_S / 60, float(chosen.sum()), replicas, latency_s)


@functools.cache
def run(phase_s: float) -> tuple[Probe, ...]:
    """Play the half hour; its first probe begins `phase_s` after a point of metrics-server."""
    # Each kubelet samples a pod at a time of its own, so the mean over the pods covers the 30 s of a probe and a pause,
    # not the same 10 s of all pods. Up to Kubernetes 1.17 a scale-out at most doubled the replicas (or 4).
    policy = (
        f"{{name: hpa, target: 0.5, vcpus: 0.2, metric_period: {METRIC_PERIOD_S:g}s, scale_down_stabilisation: 0s, "
        f"metric_window: {METRIC_PERIOD_S:g}s, scale_up_limits: [{{share: 1.0}}]}}"
    )
    service = f"    min_size: 1\n    max_size: {REPLICAS_MAX}\n    policy: {policy}"
    users = (BURST_USERS if number in BURSTS else USERS for number in range(PROBES))
    played = PlayedScenario(_text(users, service, phase_s))
    return tuple(
        _counted(played, phase_s, played.replicas.at(phase_s + number * EVERY_S + PROBE_S), number)
        for number in range(PROBES)
    )


@functools.cache
def burst(replicas: int) -> tuple[float, float]:
    """Return the mean (requests, latency in seconds) of bursts on a fixed number of replicas."""
    service = f"    min_size: {replicas}\n    max_size: {replicas}\n    policy: {{name: fixed, instances: {replicas}}}"
    pattern = list(itertools.chain.from_iterable((BURST_USERS, 0) for _ in range(_REPEATS)))
    played = PlayedScenario(_text(pattern, service))
    probes = [_counted(played, 0.0, replicas, number) for number in range(0, 2 * _REPEATS, 2)]
    return statistics.mean(probe.requests for probe in probes), statistics.mean(probe.latency_s for probe in probes)


def peaks(probes: Sequence[Probe]) -> list[float]:
    """Return the most replicas that are noted after each burst."""
    return [max(probe.replicas for probe in probes[number : number + 4]) for number in BURSTS]


def few(counts: Iterable[float]) -> float:
    """Return the share of 2 to 6 replicas."""
    return statistics.mean(2 <= count <= 6 for count in counts)


def findings() -> list[Finding]:
    """Return the findings of case V11."""
    found = []
    for replicas in sorted({int(published()[number].replicas) for number in BURSTS}):
        probes = [published()[number] for number in BURSTS if published()[number].replicas == replicas]
        requests, latency_s = burst(replicas)
        measured, measured_s = (statistics.mean(values) for values in zip(*(p[1::2] for p in probes), strict=True))
        name = f"a burst on {replicas} replicas"
        found.append(relative(f"requests in {name}", measured, requests, 0.15, _EXPLAINED.get(replicas, "")))
        found.append(relative(f"mean latency in {name}", measured_s, latency_s, 0.15))
    quiet = [probe for number, probe in enumerate(published()) if is_quiet(number)]
    runs = [run(phase_s) for phase_s in PHASES_S]
    simulated = [probe for probes in runs for number, probe in enumerate(probes) if is_quiet(number)]
    for name, place in (("requests in a quiet probe, mean", 1), ("mean latency of quiet probes", 3)):
        found.append(
            relative(name, statistics.mean(p[place] for p in quiet), statistics.mean(p[place] for p in simulated), 0.15)
        )
    counts = [probe.replicas for probe in simulated]
    twelve = [sum(peak == REPLICAS_MAX for peak in peaks(probes)) for probes in runs]
    highest = statistics.mean(itertools.chain.from_iterable(peaks(probes) for probes in runs))
    return [
        *found,
        relative("share of quiet probes with 2 to 6 replicas", few(p.replicas for p in quiet), few(counts), 0.15),
        relative(
            "replicas in quiet probes, mean", statistics.mean(p.replicas for p in quiet), statistics.mean(counts), 0.15
        ),
        relative("highest noted replicas after a burst, mean", statistics.mean(peaks(published())), highest, 0.15),
        within("bursts with 12 noted replicas, best phase", 4, 6, max(twelve)),
        Finding("bursts with 12 noted replicas, worst phase", 5, min(twelve), 1, _PHASE),
    ]


def curves() -> Sequence[Curve]:
    """Return the curves of case V11: replicas and mean latency of each probe, in one phase."""

    def of(probes: Iterable[Probe], place: int, unit: float = 1.0) -> tuple[tuple[float, float], ...]:
        return tuple((probe.minute, probe[place] * unit) for probe in probes)

    simulated = run(_CURVE_PHASE_S)
    return [
        Curve("Six bursts: replicas", "minutes", "replicas", of(published(), 2), of(simulated, 2), steps=True),
        Curve("The same: requests in 20 s", "minutes", "requests", of(published(), 1), of(simulated, 1)),
        Curve("The same: mean latency", "minutes", "s", of(published(), 3), of(simulated, 3)),
    ]


def cases() -> list[Case]:
    return [
        Case(
            "V11",
            "HPA, six bursts in half an hour",
            SOURCE,
            findings,
            Subject.KUBERNETES,
            Evidence.MEASUREMENT,
            "2020",
            "Every 30 s a probe of 20 s by 5 Locust users (100 in six bursts) that wait 0.1 to 1 s, through the API "
            "server; CPU request 200m, limit 500m, HPA at 50 %, 1 to 12 replicas, no stabilisation. Six phases of "
            "metrics-server relative to the probes are played.",
            curves,
        ),
    ]
