"""The scaling decisions of services that run without an end, in the form of a report.

Memory is bounded: the newest decisions and evaluations are all kept; older evaluations are thinned, as in a report.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Final

from simulator.model.instance import InstanceState
from simulator.records.evaluation_log import EvaluationLog
from simulator.records.events import InstanceMoved, PolicyEvaluated, ScalingDecided
from simulator.records.instance_time import StepFunction
from simulator.records.journal import Journal
from simulator.records.scale_out import scale_outs
from simulator.report.decisions import ScalingPart
from simulator.report.services import decision_parts, look_parts
from simulator.rules.policies.port import Decision

DECISIONS_KEPT: Final = 1000
EVALUATIONS_KEPT: Final = 3600  # an hour of a policy that decides every second
_READY: Final = frozenset({InstanceState.IDLE, InstanceState.ACTIVE})
_STEPS_MAX: Final = 4000


@dataclass(slots=True)
class _Scaling:
    decisions: deque[ScalingDecided] = field(default_factory=lambda: deque(maxlen=DECISIONS_KEPT))
    newest: deque[tuple[float, Decision]] = field(default_factory=lambda: deque(maxlen=EVALUATIONS_KEPT))
    older: EvaluationLog = field(default_factory=EvaluationLog)
    ready: StepFunction = field(default_factory=StepFunction)

    def evaluations(self) -> list[tuple[float, Decision]]:
        first_s = self.newest[0][0] if self.newest else 0.0
        return [*((at_s, decision) for at_s, decision in self.older.kept if at_s < first_s), *self.newest]

    def turn_ready(self, at_s: float, by: int) -> None:
        ready = self.ready
        ready.change(at_s, by)
        if len(ready.times_s) > _STEPS_MAX:
            del ready.times_s[: _STEPS_MAX // 2], ready.counts[: _STEPS_MAX // 2]


class ScalingHistory:
    """Records decisions and evaluations of the journal from now on."""

    def __init__(self, journal: Journal) -> None:
        self._services: dict[str, _Scaling] = {}
        journal.subscribe(ScalingDecided, lambda event: self._of(event.service).decisions.append(event))
        journal.subscribe(PolicyEvaluated, self._evaluated)
        journal.subscribe(InstanceMoved, self._moved)

    def part(self, service: str, *, policy: str, min_size: int, now_s: float) -> ScalingPart:
        """Return the recorded history of a service."""
        found = self._of(service)
        raises = scale_outs(service, found.decisions, found.ready, now_s)
        return ScalingPart(
            name=service,
            policy=policy,
            min_size=min_size,
            decisions=decision_parts(service, found.decisions, raises),
            looks=look_parts(found.evaluations()),
        )

    def forget_others(self, services: Container[str]) -> None:
        """Forget services that have been deleted."""
        self._services = {name: kept for name, kept in self._services.items() if name in services}

    def _of(self, service: str) -> _Scaling:
        return self._services.setdefault(service, _Scaling())

    def _evaluated(self, event: PolicyEvaluated) -> None:
        found = self._of(event.service)
        found.newest.append((event.at_s, event.decision))
        found.older.note(event.at_s, event.decision)

    def _moved(self, event: InstanceMoved) -> None:
        by = (event.after in _READY) - (event.before in _READY)
        if by:
            self._of(event.service).turn_ready(event.at_s, by)
