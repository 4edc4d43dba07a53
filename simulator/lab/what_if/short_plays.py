"""Plays of a changed scenario that end as soon as they have shown whether the change is enough.

A change is not enough from the moment at which more requests were rejected than it may leave. It is likely to be enough
if that has not happened by the time at which the run without it had lost its last request; a complete run confirms it.
Both need only the requests of whole seconds that were rejected, which either backend counts during the run.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from simulator.lab.compare.backends import BackendKind
from simulator.records.events import SecondClosed
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord
from simulator.scenario.scenario import ScenarioSpec


class EndRule(NamedTuple):
    """When enough is known about a service: more than `rejected_max` requests were rejected, or it is `until_s`."""

    rejected_max: float = math.inf
    until_s: float = math.inf


class ShortPlay(NamedTuple):
    """A play. `ended_s`: when the rules ended it; infinite for a complete run.

    `rejected`: requests rejected after the warm-up until then, by service. `requests`: all of them.
    """

    record: RunRecord
    ended_s: float
    rejected: Mapping[str, int]
    requests: int


def play_until_decided(scenario: ScenarioSpec, kind: BackendKind, rules: Mapping[str, EndRule]) -> ShortPlay:
    """Play the scenario until each rule applies, or to its end. Raises what a run of it raises."""
    run = kind.prepare(scenario)
    counts = _Rules(run, scenario.warm_up_s, rules)
    run.journal.subscribe(SecondClosed, counts.read)
    record = play(run, signals=False)
    return ShortPlay(record, counts.ended_s, counts.rejected, counts.requests)


class _Rules:
    """Counts the rejected requests of a run, and interrupts it when all rules apply."""

    def __init__(self, run: Run, warm_up_s: float, rules: Mapping[str, EndRule]) -> None:
        self.rejected: Counter[str] = Counter()
        self.requests = 0
        self.ended_s = math.inf
        self._run = run
        self._warm_up_s = warm_up_s
        self._open = dict(rules)

    def read(self, closed: SecondClosed) -> None:
        service, sample = closed
        self.requests += sample.arrivals
        if sample.second >= self._warm_up_s:
            self.rejected[service] += sample.rejected
        rule = self._open.get(service)
        if rule is None:
            return
        now_s = sample.second + 1.0
        if self.rejected[service] > rule.rejected_max or now_s >= rule.until_s:
            del self._open[service]
            if not self._open and math.isinf(self.ended_s):
                self.ended_s = now_s
                self._run.interrupt()
