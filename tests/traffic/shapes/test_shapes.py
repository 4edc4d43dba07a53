"""Stages, bursts and requests at once: their rates, their variance, and the same requests in both backends."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario
from simulator.traffic.shapes.arrivals import arrival_chunks
from simulator.world.random_streams import RandomStreams
from tests.lab.compiled.backend_scenarios import agree
from tests.scenario.scenario_texts import source_of

STAGES = "stages: {stages: [{duration: 10s, target: 20/s}, {duration: 0s, target: 5/s}, {duration: 4s, target: 5/s}]%s}"
MMPP = "mmpp: {states: [{rate: 2/s, stay: 30s}, {rate: 40/s, stay: 10s}]}"


def times_of(item: str, duration_s: float = 60, seed: int = 1) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    source = source_of(f"{{name: x, {item}}}", duration=f"{duration_s}s")
    return np.concatenate([*arrival_chunks(source, RandomStreams(seed), 0, duration_s), np.empty(0)])


@pytest.mark.case("L65")
def test_stages_change_the_rate_linearly_from_target_to_target_and_then_end() -> None:
    times = times_of(STAGES % ", spacing: clock")
    # From 0 to 20/s in 10 s are 100 requests, the n-th at sqrt(n); then 5/s for 4 s.
    assert times[:101] == pytest.approx([*(math.sqrt(n) for n in range(100)), 10.0])
    assert len(times) == 120
    assert times[-1] < 14


@pytest.mark.case("L65")
def test_stages_start_at_the_given_rate() -> None:
    assert len(times_of("stages: {start: 10/s, spacing: clock, stages: [{duration: 20s, target: 30/s}]}")) == 400


@pytest.mark.case("L65")
def test_requests_at_once_arrive_at_one_instant() -> None:
    assert times_of("from: 4s, at_once: {requests: 10, at: 2s}").tolist() == [6.0] * 10
    assert times_of("at_once: {requests: 10, at: 60s}").tolist() == []
    assert times_of("scale: 3, at_once: {requests: 100000}").shape == (300_000,)


@pytest.mark.case("L43")
def test_bursts_have_the_mean_rate_of_their_states() -> None:
    counts = [len(times_of(MMPP, 4000, seed)) for seed in range(40)]
    mean = 4000 * (2 * 30 + 40 * 10) / 40
    assert np.mean(counts) == pytest.approx(mean, abs=float(4 * np.std(counts) / math.sqrt(40)))


@pytest.mark.case("L43")
def test_bursts_have_the_index_of_dispersion_of_their_process() -> None:
    """For two states with rates a, b that are left at rates p, q (Heffes and Lucantoni 1986), in windows of t seconds:

    I(t) = 1 + 2 (a - b)^2 p q / ((p + q)^2 (a q + b p)) (1 - (1 - exp(-(p + q) t)) / ((p + q) t)).
    """
    a, b, p, q, window_s = 2.0, 40.0, 1 / 30, 1 / 10, 20.0
    both = p + q
    factor = 1 - (1 - math.exp(-both * window_s)) / (both * window_s)
    expected = 1 + 2 * (a - b) ** 2 * p * q / (both**2 * (a * q + b * p)) * factor
    counts = np.histogram(times_of(MMPP, 400_000), bins=np.arange(0, 400_001, window_s))[0]
    assert counts.var() / counts.mean() == pytest.approx(expected, rel=0.05)
    assert expected > 50  # a Poisson process has 1


@pytest.mark.case("L43", "L65")
@pytest.mark.parametrize("shape", [STAGES % "", MMPP, "at_once: {requests: 30, at: 3s}"])
def test_both_backends_send_the_same_requests(shape: str, tmp_path: Path) -> None:
    text = f"""
name: shapes
duration: 24s
services:
  web:
    max_concurrency: 4
    max_size: 3
    application: {{simulated: {{io: {{pareto: {{shape: 1.5, mean: 200ms}}}}}}}}
traffic: [{{{shape}}}]
"""
    data = dict(read_scenario(text)._document.data)
    agree(data, tmp_path)


@pytest.mark.case("L65")
def test_the_stages_of_k6_are_one_source() -> None:
    text = """
duration: 4 min
services: {web: {min_size: 8, max_size: 8, policy: fixed, application: {simulated: {io: 20ms}}}}
traffic:
  - stages: {spacing: clock, stages: [{duration: 30s, target: 50/s}, {duration: 60s, target: 50/s},
      {duration: 30s, target: 200/s}, {duration: 60s, target: 200/s}, {duration: 30s, target: 0/s}]}
checks: [requests == 22500]
"""
    assert build_report(play(Run(read_scenario(text)), signals=False)).passed


@pytest.mark.case("L43")
def test_invalid_shapes_are_rejected_with_the_expected_values() -> None:
    with pytest.raises(ScenarioError, match="at least 2 long"):
        source_of("{name: x, mmpp: {states: [{rate: 1/s, stay: 1s}]}}")
    with pytest.raises(ScenarioError, match="500000 states a run"):
        source_of("{name: x, mmpp: {states: [{rate: 1/s, stay: 1us}, {rate: 1/s, stay: 1s}]}}")
    with pytest.raises(ScenarioError, match="one of mean and scale"):
        source_of("{name: x, closed: {users: 1, think_time: {pareto: {shape: 2, mean: 1s, scale: 1s}}}}")
