"""The first day of V10 with the CPU time of a request as it was in each round of 5 minutes (facts validation-2 V10).

With 15 users the recorded mean latencies of the rounds have a standard deviation of 34 ms; with requests of equal cost
it would be 5 ms. So a request cost more or less CPU time for minutes at a time, as on nodes that are shared with other
work. Here each round has the CPU time that gives its recorded latency with the pods of the lowest level. Rounds after a
rise of the load, whose latency is that of too few pods, have the latency of their level. So latencies are inputs; the
replicas and their changes are predictions.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from simulator.lab.validate.ground_truth import rows
from simulator.lab.validate.measured.kubernetes.day import (
    CPU,
    DAY_H,
    HOUR_S,
    LEVELS,
    METRIC_PERIOD_S,
    PLOT_LATE_H,
    ROUND_S,
    ROUNDS,
    day_text,
    stages_of,
    users_at,
)
from simulator.lab.validate.measured.played import PlayedScenario

# The mean latency, in ms, of 15 users on 5 pods, by the CPU time of their requests in ms.
LATENCY_MS: Final[Mapping[int, float]] = MappingProxyType(
    {104: 223.5, 108: 234.5, 112: 246.1, 117: 263.4, 122: 279.5, 128: 301.1, 134: 321.6, 140: 342.7, 152: 402.8}
)
_AFTER_RISE: Final = 2  # rounds


def cpu_of(latency_ms: float) -> int:
    """Return the CPU time, in ms, whose latency is the nearest."""
    return min(LATENCY_MS, key=lambda cpu_ms: abs(LATENCY_MS[cpu_ms] - latency_ms))


def costs() -> Iterator[int]:
    """Yield the CPU time of each round in ms."""
    recorded = [(float(row["hour"]), float(row["avg_ms"])) for row in rows("hpa_experiments/hpa_long_latency_2020.csv")]
    of_level = {level.users: 1000 * level.latency_s for level in LEVELS}
    users = [users_at(number * ROUND_S / HOUR_S - PLOT_LATE_H)[0] for number in range(ROUNDS)]
    for number in range(ROUNDS):
        end_h = (number + 1) * ROUND_S / HOUR_S
        hour, latency_ms = min(recorded, key=lambda point: abs(point[0] - end_h))
        is_steady = number >= _AFTER_RISE and users[number] <= users[number - _AFTER_RISE]
        has_point = abs(hour - end_h) < ROUND_S / HOUR_S / 2
        yield cpu_of(latency_ms if is_steady and has_point else of_level[users[number]])


def text() -> str:
    """Return the scenario: a source for each CPU time, whose users send in its rounds."""
    chosen = list(costs())
    sources = []
    for cpu_ms in sorted(set(chosen)):
        rounds = [cost == cpu_ms for cost in chosen]
        sources.append(f"{{name: cost-{cpu_ms}, requests: [{{path: /{cpu_ms}}}], closed: {stages_of(rounds)}}}")
    paths = ", ".join(f"/{cpu_ms}: {{cpu: {cpu_ms}ms}}" for cpu_ms in sorted(set(chosen)))
    # Each kubelet samples a pod at a time of its own, so the mean over the pods covers the whole period.
    return day_text(f"[{', '.join(sources)}]", METRIC_PERIOD_S).replace(CPU, f"{CPU}\n        paths: {{{paths}}}")


@functools.cache
def day() -> PlayedScenario:
    """Play the day once."""
    return PlayedScenario(text())


def changes(played: PlayedScenario, every_s: float) -> int:
    """Return the changes of the replicas between notes, from the first hour on."""
    noted = played.noted_replicas(HOUR_S, DAY_H * HOUR_S, every_s)
    return sum(before != after for before, after in itertools.pairwise(noted))
