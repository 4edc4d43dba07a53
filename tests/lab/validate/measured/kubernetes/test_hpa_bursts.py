"""The measured bursts: the published probes agree with the closed law, the played ones with what the CPU can do."""

from __future__ import annotations

import statistics

import pytest

from simulator.lab.validate.measured.kubernetes.day import SHARED_CORE_SPEED
from simulator.lab.validate.measured.kubernetes.hpa_bursts import (
    BURST_USERS,
    BURSTS,
    PROBE_S,
    PROBES,
    USERS,
    burst,
    is_quiet,
    peaks,
    published,
)

QUOTA_S = 10.0  # CPU seconds of a pod in a probe: 0.5 vCPU for 20 s
CPU_S = 0.117


def test_the_bursts_are_the_probes_whose_figures_the_facts_print() -> None:
    assert len(published()) == PROBES
    assert [published()[number].requests for number in BURSTS] == [254, 217, 120, 329, 136, 207]
    assert [published()[number].replicas for number in BURSTS] == [6, 5, 3, 8, 4, 5]
    assert peaks(published()) == [12, 12, 12, 12, 8, 12]


def test_quiet_probes_follow_the_closed_law() -> None:
    """N users who think 0.55 s on average and wait R send N / (0.55 + R) requests/s."""
    quiet = [probe for number, probe in enumerate(published()) if is_quiet(number)]
    assert len(quiet) == 60 - 4 - 6 * 4
    latency_s = statistics.mean(probe.latency_s for probe in quiet)
    requests = statistics.mean(probe.requests for probe in quiet)
    assert USERS / (0.55 + latency_s) * PROBE_S == pytest.approx(requests, rel=0.05)


def test_a_burst_gets_what_the_quota_can_do_on_shared_cores_but_for_the_work_of_requests_in_progress() -> None:
    """With more requests than processors, a CPU second does 0.65 s of work. Those in progress at the end are half done
    on average, and all users have one.
    """
    replicas = 5
    requests, latency_s = burst(replicas)
    most = replicas * QUOTA_S * SHARED_CORE_SPEED / CPU_S
    assert most - BURST_USERS < requests < most
    assert requests == pytest.approx(most - BURST_USERS / 2, rel=0.05)
    # Little's law: the requests in progress are all users but those who think.
    assert 0.5 * BURST_USERS / (requests / PROBE_S) < latency_s + 0.55 < BURST_USERS / (requests / PROBE_S)
