"""Parameters that are read from the observation without a fit: failures, memory, start-up, wakes, client time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from simulator.calibration.fitting.fit_stage import FitStage
from simulator.calibration.fitting.laws import Array
from simulator.calibration.model.calibrated_model import ModelParameter, StartUpStage
from simulator.calibration.model.scenario_text import time_text
from simulator.calibration.observation.observation import ServiceObservation
from simulator.lab.quantiles import beta_quantile, t_quantile
from simulator.world.random_streams import RandomStreams

_STARTS_FOR_INTERVAL: Final = 3
_NORMAL_P95: Final = 1.6448536269514722
_IN_FLIGHT_SPREAD: Final = 2.0  # requests in flight must differ by more, for memory to depend on them visibly
_BLOCK: Final = 5  # samples in a block: memory of neighbouring seconds is nearly the same


class DirectPart(NamedTuple):
    """Keys of `application.simulated`, and their parameters."""

    keys: dict[str, Any]
    parameters: list[ModelParameter]


def failure_share(stages: Sequence[FitStage]) -> DirectPart:
    """Return the share of requests that the application answers with an error, with Jeffreys' interval."""
    failed = sum(int((stage.is_failed & stage.is_settled).sum()) for stage in stages)
    count = sum(int((~stage.is_rejected & stage.is_settled).sum()) for stage in stages)
    if not failed or not count:
        return DirectPart({}, [])
    share = failed / count
    low, high = (beta_quantile(failed + 0.5, count - failed + 0.5, tail) for tail in (0.025, 0.975))
    parameter = ModelParameter(
        name="share of requests that fail",
        unit="share",
        value=share,
        low=min(low, share),
        high=max(high, share),
        how="measured",
        key=("simulated", "failure_share"),
        sentence=f"{failed} of {count} requests that were not rejected.",
    )
    return DirectPart({"failure_share": float(f"{share:.6g}")}, [parameter])


def start_up(observations: Sequence[ServiceObservation]) -> tuple[DirectPart, tuple[StartUpStage, ...]]:
    """Return the start-up of an instance as a log-normal distribution, and the observed stages."""
    starts = [start for each in observations for start in each.starts]
    named = {
        "pull": [start.pull_s for start in starts],
        "launch": [start.launch_s for start in starts],
        "listening": [start.listening_s for start in starts],
        "first healthy check": [start.first_check_s for start in starts],
        "total": [start.total_s for start in starts],
        "wake": [wake for each in observations for wake in each.wakes],
    }
    stages = tuple(
        _start_stage(name, known) for name, times in named.items() if (known := [t for t in times if math.isfinite(t)])
    )
    until_listening = [_until_listening_s(start.total_s, start.launch_s, start.listening_s) for start in starts]
    if not until_listening:
        return DirectPart({}, []), stages
    median_s, low_s, high_s, sigma = _log_normal(until_listening)
    spec: Any = time_text(median_s)
    if sigma > 0.005:
        spec = {
            "lognormal": {"median": time_text(median_s), "p95": time_text(median_s * math.exp(_NORMAL_P95 * sigma))}
        }
    parameter = ModelParameter(
        name="median start-up until the application listens",
        unit="s",
        value=median_s,
        low=low_s,
        high=high_s,
        how="measured",
        key=("simulated", "start_up"),
        sentence=f"Of {len(until_listening)} starts.",
    )
    return DirectPart({"start_up": spec}, [parameter]), stages


def _until_listening_s(total_s: float, launch_s: float, listening_s: float) -> float:
    if not math.isfinite(listening_s):
        return total_s
    return listening_s + (launch_s if math.isfinite(launch_s) else 0.0)


def _start_stage(name: str, times_s: Sequence[float]) -> StartUpStage:
    if len(times_s) < _STARTS_FOR_INTERVAL:
        return StartUpStage(name=name, count=len(times_s), median_s=float(np.median(times_s)))
    median_s, low_s, high_s, _ = _log_normal(times_s)
    return StartUpStage(name=name, count=len(times_s), median_s=median_s, low_s=low_s, high_s=high_s)


def _log_normal(times_s: Sequence[float]) -> tuple[float, float | None, float | None, float]:
    """Return the median with its interval, and the standard deviation of the logarithm."""
    logs = np.log(np.maximum(np.asarray(times_s, dtype=np.float64), 1e-6))
    median_s = float(math.exp(logs.mean()))
    if len(logs) < _STARTS_FOR_INTERVAL:
        return median_s, None, None, 0.0
    sigma = float(logs.std(ddof=1))
    half = t_quantile(len(logs) - 1, 0.975) * sigma / math.sqrt(len(logs))
    return median_s, median_s * math.exp(-half), median_s * math.exp(half), sigma


def memory(observations: Sequence[ServiceObservation]) -> list[ModelParameter]:
    """Return the memory at rest and for each request in progress, by regression over the samples of all stages."""
    samples = [load.samples for each in observations for load in each.loads]
    used = np.concatenate([each.memory_bytes for each in samples]) if samples else np.zeros(0)
    in_flight = np.concatenate([each.in_flight for each in samples]) if samples else np.zeros(0)
    known = np.isfinite(used) & np.isfinite(in_flight)
    used, in_flight = used[known], in_flight[known]
    if len(used) < 4 * _BLOCK:
        return []
    if np.ptp(in_flight) < _IN_FLIGHT_SPREAD:
        return [_memory("memory at rest", float(np.median(used)), None, "Too few requests were in progress at a time.")]
    slope, rest = _line(in_flight, used)
    blocks = [np.arange(first, min(first + _BLOCK, len(used))) for first in range(0, len(used), _BLOCK)]
    rng = RandomStreams(1).stream("calibration", "memory")
    drawn = []
    for _ in range(200):
        rows = np.concatenate([blocks[block] for block in rng.integers(len(blocks), size=len(blocks))])
        drawn.append(_line(in_flight[rows], used[rows]))
    slopes, rests = np.array(drawn).T
    return [
        _memory("memory at rest", rest, (float(np.quantile(rests, 0.025)), float(np.quantile(rests, 0.975))), ""),
        _memory(
            "memory of a request in progress", max(0.0, slope),
            (max(0.0, float(np.quantile(slopes, 0.025))), max(0.0, float(np.quantile(slopes, 0.975)))), "",
        ),
    ]  # fmt: skip


def _line(x: Array, y: Array) -> tuple[float, float]:
    variance = float(x.var())
    slope = float(((x - x.mean()) * (y - y.mean())).mean()) / variance if variance > 0 else 0.0
    return slope, float(y.mean() - slope * x.mean())


def _memory(name: str, value: float, interval: tuple[float, float] | None, sentence: str) -> ModelParameter:
    low, high = interval if interval is not None else (None, None)
    return ModelParameter(
        name=name,
        unit="bytes",
        value=value,
        low=None if low is None else min(low, value),
        high=None if high is None else max(high, value),
        how="measured",
        sentence=sentence or "By regression of the samples over the requests in progress.",
    )


def client_s(observations: Sequence[ServiceObservation]) -> float | None:
    """Return the median part of the latency outside the instance, of the stage with the least load."""
    for observation in observations:
        for load in sorted(observation.loads, key=lambda load: load.rate_rps):
            rows = load.settled
            outside_s = (rows.latency_s - rows.service_s)[rows.served & np.isfinite(rows.service_s)]
            if len(outside_s) >= 20:
                return max(0.0, float(np.median(outside_s)))
    return None
