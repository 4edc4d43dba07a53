"""Probes on Azure Container Apps as measured by Y. Choe in April 2026 (facts validation-2 V7).

An application that needs 60 s to start, with three configurations of probes, and a saturated worker. The phase of the
kubelet's ticks is not published, so the ranges over all phases are compared by their means.

The interval between the saturating request and the first logged failure (74 s) is not scored: it is not explained by
the settings. The container's restart is the time from its kill to its next start.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from simulator.lab.validate.case import Case, Evidence, Finding, Subject
from simulator.lab.validate.measured.container_apps import SOURCE
from simulator.rules.policies.kubernetes.container_apps_start import LONG
from simulator.rules.policies.kubernetes.container_probes import ContainerProbe, ProbeOutcome, probe_outcome

UP_S: Final = 60.0
# terminationGracePeriodSeconds of Kubernetes: a saturated worker does not end on SIGTERM (memory).
GRACE_S: Final = 30.0
_PHASES: Final = tuple(number / 20 for number in range(20))

_SHORT_STARTUP: Final = ContainerProbe(period_s=5, timeout_s=2, unhealthy_threshold=6)
_EARLY_LIVENESS: Final = ContainerProbe(period_s=5, timeout_s=2, initial_s=10, unhealthy_threshold=3)
_LONG_STARTUP: Final = ContainerProbe(period_s=5, timeout_s=2, initial_s=5, unhealthy_threshold=18)
_LATE_LIVENESS: Final = ContainerProbe(period_s=10, timeout_s=2, initial_s=60, unhealthy_threshold=3)
_READINESS: Final = ContainerProbe(period_s=5, timeout_s=3, unhealthy_threshold=3)
_LIVENESS: Final = ContainerProbe(period_s=10, timeout_s=3, unhealthy_threshold=3)


def _mean(figure: Callable[[float], float]) -> float:
    return sum(figure(phase) for phase in _PHASES) / len(_PHASES)


def short_startup(phase: float) -> ProbeOutcome:
    """Return the outcome of configuration (a): a startup probe that gives up too early."""
    return probe_outcome(startup=_SHORT_STARTUP, up_s=UP_S, phase=phase)


def early_liveness(phase: float) -> ProbeOutcome:
    """Return the outcome of configuration (b): no startup probe."""
    return probe_outcome(liveness=_EARLY_LIVENESS, up_s=UP_S, phase=phase)


def long_startup(phase: float) -> ProbeOutcome:
    """Return the outcome of configuration (c): a startup probe that waits long enough."""
    return probe_outcome(startup=_LONG_STARTUP, liveness=_LATE_LIVENESS, up_s=UP_S, phase=phase)


def _first_failure_s(probe: ContainerProbe, phase: float, hangs_s: float) -> float:
    """Return when the first failed attempt after `hangs_s` ends: what a probe with a threshold of 1 would decide."""
    once = ContainerProbe(probe.period_s, probe.timeout_s, probe.initial_s, unhealthy_threshold=1)
    return probe_outcome(liveness=once, hangs_s=hangs_s, phase=phase).killed_s


def saturated(phase: float) -> tuple[float, float]:
    """Return the seconds from the first failure of readiness until the container is not ready, and from that of
    liveness until it is killed.
    """
    hangs_s = 600.0
    found = probe_outcome(liveness=_LIVENESS, readiness=_READINESS, hangs_s=hangs_s, phase=phase)
    return (
        found.unready_s - _first_failure_s(_READINESS, phase, hangs_s),
        found.killed_s - _first_failure_s(_LIVENESS, phase, hangs_s),
    )


def probes() -> list[Finding]:
    """Case V7: killed or healthy, and the times."""
    kept = sum(long_startup(phase).killed_s == math.inf for phase in _PHASES)
    return [
        Finding("(a) startup probe of 30 s: killed after", 30, _mean(lambda phase: short_startup(phase).killed_s), 5),
        Finding("(b) liveness only: killed after", 25, _mean(lambda phase: early_liveness(phase).killed_s), 5),
        Finding("(c) startup probe of 95 s: phases that keep the container", len(_PHASES), kept),
        Finding("saturated: from the first failure to not ready", 10, _mean(lambda phase: saturated(phase)[0]), 5),
        Finding("saturated: from the first failure to the kill", 21, _mean(lambda phase: saturated(phase)[1]), 5),
        Finding("saturated: from the kill to the restart", 49, GRACE_S + LONG.mean_s, 10),
    ]


def cases() -> list[Case]:
    return [
        Case(
            "V7",
            "Probes",
            SOURCE,
            probes,
            Subject.CONTAINER_APPS,
            Evidence.MEASUREMENT,
            "2026-04-13",
            "An application that needs 60 s to start: (a) startup probe with 6 failures each 5 s, (b) liveness from 10 "
            "s on with 3 failures each 5 s, (c) startup probe with 18 failures; and a saturated worker.",
        ),
    ]
