"""Probes of a container: kills and readiness by hand, and a container that answers in time is never killed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.policies.kubernetes.container_probes import ContainerProbe, probe_outcome

STARTUP = ContainerProbe(period_s=5, timeout_s=2, unhealthy_threshold=6)
LIVENESS = ContainerProbe(period_s=5, timeout_s=2, initial_s=10)
READINESS = ContainerProbe(period_s=5, timeout_s=3)


def test_a_startup_probe_kills_with_its_last_failure() -> None:
    """Attempts at 2, 7, 12, 17, 22 and 27 s; the sixth ends after its time-out."""
    assert probe_outcome(startup=STARTUP, up_s=60, phase=0.4) == (math.inf, math.inf, 29.0)


def test_liveness_without_a_startup_probe_begins_after_its_initial_delay() -> None:
    """Ticks at 2, 7, 12, 17, 22 s, of which those from 10 s on are attempts."""
    assert probe_outcome(liveness=LIVENESS, up_s=60, phase=0.4).killed_s == 24.0


def test_a_startup_probe_keeps_liveness_waiting() -> None:
    patient = ContainerProbe(period_s=5, timeout_s=2, initial_s=5, unhealthy_threshold=18)
    found = probe_outcome(startup=patient, liveness=LIVENESS, readiness=READINESS, up_s=60)
    assert found == (60.0, math.inf, math.inf)


def test_a_container_that_hangs_is_not_ready_and_then_killed() -> None:
    """Readiness fails at 100, 105 and 110 s and liveness at 100, 110 and 120 s, each 3 s later for its time-out."""
    liveness = ContainerProbe(period_s=10, timeout_s=3)
    assert probe_outcome(liveness=liveness, readiness=READINESS, hangs_s=100) == (0.0, 113.0, 123.0)


@given(
    st.integers(1, 20), st.integers(1, 5), st.integers(0, 60), st.integers(1, 10), st.floats(0, 1), st.floats(0, 300)
)
def test_a_probe_kills_only_an_application_that_is_later_than_its_failures_allow(
    period_s: int, timeout_s: int, initial_s: int, failures: int, phase: float, up_s: float
) -> None:
    probe = ContainerProbe(period_s, timeout_s, initial_s, unhealthy_threshold=failures)
    earliest_s = initial_s + (failures - 1) * period_s
    for killed_s in (
        probe_outcome(startup=probe, up_s=up_s, phase=phase).killed_s,
        probe_outcome(liveness=probe, up_s=up_s, phase=phase).killed_s,
    ):
        if up_s <= earliest_s:
            assert killed_s == math.inf
        elif up_s > earliest_s + period_s:
            assert earliest_s <= killed_s - timeout_s <= earliest_s + period_s
        else:  # it depends on the phase
            assert killed_s == math.inf or killed_s >= earliest_s


def test_values_out_of_range_are_rejected() -> None:
    with pytest.raises(ValueError, match=r"^period = 0, must be at least 1$"):
        ContainerProbe(period_s=0)
    with pytest.raises(ValueError, match=r"^initial = -1, must be at least 0$"):
        ContainerProbe(initial_s=-1)
