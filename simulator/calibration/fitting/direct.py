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
from simulator.calibration.observation.observation import ServiceObservation, StartTimes
from simulator.lab.quantiles import beta_quantile, t_quantile
from simulator.world.random_streams import RandomStreams

_STARTS_FOR_INTERVAL: Final = 3
_DRAWS: Final = 40  # as many as members
_NO_SPREAD: Final = 0.005  # of a logarithm
_NORMAL_P95: Final = 1.6448536269514722
_IN_FLIGHT_SPREAD: Final = 2.0  # requests in flight must differ by more, for memory to depend on them visibly
_MB: Final = 1024**2
_RESAMPLES: Final = 200
_MEMORY: Final = {
    "at rest": ("memory at rest", "at_rest"),
    "of a request": ("memory of a request in progress", "request"),
}
_BY_REGRESSION: Final = "By regression of the samples over the requests in progress."
_BLOCK: Final = 5  # samples in a block: memory of neighbouring seconds is nearly the same


class DirectPart(NamedTuple):
    """Keys of `application.simulated` and their parameters. `draws`: keys with values that the data allow, too."""

    keys: dict[str, Any]
    parameters: list[ModelParameter]
    draws: tuple[dict[str, Any], ...] = ()

    def of_member(self, number: int) -> dict[str, Any]:
        """Return the keys of a member of the model."""
        return self.draws[number % len(self.draws)] if self.draws else self.keys


def of_member(parts: Sequence[DirectPart], number: int) -> dict[str, Any]:
    """Return the keys of all parts in a member of the model."""
    return {key: value for part in parts for key, value in part.of_member(number).items()}


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
    return _start_up([_timed(start, each) for each in observations for start in each.starts]), stages


class _Start(NamedTuple):
    """A start until the application listens. `cpu_s`: its CPU time, NaN if unknown; `speed`: that of one thread."""

    until_listening_s: float
    cpu_s: float
    speed: float

    @property
    def waiting_s(self) -> float:
        """Time in which the start did not compute."""
        return self.until_listening_s - self.cpu_s / self.speed


def _timed(start: StartTimes, observation: ServiceObservation) -> _Start:
    until_s = _until_listening_s(start.total_s, start.launch_s, start.listening_s)
    speed = min(1.0, 1.0 if observation.size is None else observation.size.vcpu)
    return _Start(until_s, min(start.cpu_s, until_s * speed), speed)


def _start_up(starts: Sequence[_Start]) -> DirectPart:
    """Return the start-up. Its CPU time takes longer on a part of a vCPU, the rest does not."""
    if not starts:
        return DirectPart({}, [])
    times_s = [start.until_listening_s for start in starts]
    median_s, low_s, high_s, sigma = _log_normal(times_s)
    count = f"Of {len(starts)} starts."
    whole = ModelParameter(
        name="median start-up until the application listens",
        unit="s",
        value=median_s,
        low=low_s,
        high=high_s,
        how="measured",
        sentence=count,
    )
    rng = RandomStreams(1).stream("calibration", "start-up")
    if not all(start.cpu_s > 0 for start in starts):  # or NaN
        moves = _moves(rng, len(starts)) * sigma / math.sqrt(len(starts))
        drawn = tuple({"start_up": _log_normal_spec(median_s * math.exp(move), sigma)} for move in moves)
        keyed = whole.model_copy(update={"key": ("simulated", "start_up")})
        return DirectPart({"start_up": _log_normal_spec(median_s, sigma)}, [keyed], drawn)
    parts = np.array([(max(start.waiting_s, 0.0), start.cpu_s) for start in starts])
    means, spreads = parts.mean(axis=0), parts.std(axis=0, ddof=1) if len(parts) > 1 else np.zeros(2)
    errors = spreads / math.sqrt(len(parts))
    known = len(parts) >= _STARTS_FOR_INTERVAL
    half = t_quantile(len(parts) - 1, 0.975) * errors if known else np.zeros(2)
    parameters = [
        ModelParameter(
            name=name,
            unit="s",
            value=float(means[place]),
            low=max(0.0, float(means[place] - half[place])) if known else None,
            high=float(means[place] + half[place]) if known else None,
            how="measured",
            key=("simulated", key),
            sentence=count,
        )
        for place, (name, key) in enumerate(
            [("start-up until it listens, without CPU", "start_up"), ("CPU time of the start-up", "start_up_cpu")]
        )
    ]

    def keys(values: Array) -> dict[str, Any]:
        waiting_s, cpu_s = np.maximum(values, 0.0).tolist()
        variation = spreads[0] / waiting_s if waiting_s > 0 else 0.0
        sigma = math.sqrt(math.log1p(variation**2))  # of a log-normal distribution with this mean and deviation
        return {
            "start_up": _log_normal_spec(waiting_s * math.exp(-(sigma**2) / 2), sigma),
            "start_up_cpu": time_text(cpu_s),
        }

    moves = np.stack([_moves(rng, len(parts)) for _ in means], axis=1)
    return DirectPart(keys(means), [whole, *parameters], tuple(keys(means + move * errors) for move in moves))


def _moves(rng: np.random.Generator, count: int) -> Array:
    """Return draws of the error of a mean of `count` values in standard errors; 0 if there are too few for one."""
    if count < _STARTS_FOR_INTERVAL:
        return np.zeros(_DRAWS)
    return rng.standard_t(count - 1, _DRAWS)


def _log_normal_spec(median_s: float, sigma: float) -> Any:
    if sigma <= _NO_SPREAD or median_s <= 0:
        return time_text(median_s)
    return {"lognormal": {"median": time_text(median_s), "p95": time_text(median_s * math.exp(_NORMAL_P95 * sigma))}}


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


def memory(observations: Sequence[ServiceObservation]) -> DirectPart:
    """Return the memory at rest and for each request in progress, by regression over the samples of all stages."""
    samples = [load.samples for each in observations for load in each.loads]
    used = np.concatenate([each.memory_bytes for each in samples]) if samples else np.zeros(0)
    in_flight = np.concatenate([each.in_flight for each in samples]) if samples else np.zeros(0)
    known = np.isfinite(used) & np.isfinite(in_flight)
    used, in_flight = used[known], in_flight[known]
    if len(used) < 4 * _BLOCK:
        return DirectPart({}, [])
    if np.ptp(in_flight) < _IN_FLIGHT_SPREAD:
        rest = float(np.median(used))
        few = "Too few requests were in progress at a time."
        return DirectPart(
            _memory_keys(rest, 0.0), [_memory("at rest", rest, None, ""), _memory("of a request", 0.0, None, few)]
        )
    limits = [each.size.memory_mb * _MB for each in observations if each.size is not None]
    limit = min(limits, default=math.inf)

    def line(rows: slice | Array) -> tuple[float, float]:
        slope, rest = _line(in_flight[rows], used[rows])
        # Less than the limit with the requests that were in progress: the instance was not killed.
        return max(0.0, min(slope, (limit - rest) / (in_flight.max() + 1))), rest

    slope, rest = line(slice(None))
    blocks = [np.arange(first, min(first + _BLOCK, len(used))) for first in range(0, len(used), _BLOCK)]
    rng = RandomStreams(1).stream("calibration", "memory")
    drawn = [
        line(np.concatenate([blocks[block] for block in rng.integers(len(blocks), size=len(blocks))]))
        for _ in range(_RESAMPLES)
    ]
    slopes, rests = (np.quantile(values, (0.025, 0.975)).tolist() for values in zip(*drawn, strict=True))
    return DirectPart(
        _memory_keys(rest, slope),
        [_memory("at rest", rest, rests, ""), _memory("of a request", slope, slopes, "")],
        tuple(_memory_keys(rest, slope) for slope, rest in drawn[:_DRAWS]),
    )


def _memory_keys(rest: float, request: float) -> dict[str, Any]:
    return {"memory": {key: f"{size / _MB:.5g} MB" for key, size in (("at_rest", rest), ("request", request))}}


def _line(x: Array, y: Array) -> tuple[float, float]:
    variance = float(x.var())
    slope = float(((x - x.mean()) * (y - y.mean())).mean()) / variance if variance > 0 else 0.0
    return slope, float(y.mean() - slope * x.mean())


def _memory(which: str, value: float, interval: Sequence[float] | None, unknown: str) -> ModelParameter:
    """Return the parameter of memory `at rest` or `of a request`. `unknown`: why nothing is known; empty otherwise."""
    name, key = _MEMORY[which]
    low, high = interval if interval is not None else (None, None)
    return ModelParameter(
        name=name,
        unit="bytes",
        value=value,
        low=None if low is None else min(low, value),
        high=None if high is None else max(high, value),
        how="unknown" if unknown else "measured",
        key=("simulated", "memory", key),
        sentence=unknown or _BY_REGRESSION if interval is not None or unknown else "Of the samples of all stages.",
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
