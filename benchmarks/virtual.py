"""Compares the whole platform in virtual time with SimPy, in requests per second: `python -m benchmarks.virtual`.

There are two models, as scenario files: `io`, M/M/10 with a queue, and `cpu`, M/M/1 with processor sharing. This
simulator does everything that `simulator run` does after it has read the file: traffic, pool, admission, autoscaler,
probes, request log, report. SimPy plays only the model, in the way of its documentation, and appends latencies to a
list; so the comparison favours SimPy. Both get the same arrivals and the same work per request, so their means must
agree within rounding; a run in which they do not is an error.

The rounds alternate, because the speed of a shared machine varies, and measure the CPU time of this process.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.simpy_models import many_servers, processor_sharing
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.traffic.traffic import arrival_times
from simulator.world.distributions import Exponential
from simulator.world.random_streams import RandomStreams

TARGET_RPS = 40_000.0
TARGET_RATIO = 0.5

RATE_RPS = 80.0

# A queue limit and a time limit that no request reaches, because the model has neither.
IO = """
duration: {duration_s}s
seed: {seed}
services:
  web:
    max_concurrency: 10
    max_size: 1
    policy: fixed
    request_timeout: 10h
    overflow: {{mode: queue, wait: 10h, queue: 1000000}}
    application: {{simulated: {{io: {{exponential: 100ms}}}}}}
traffic:
  - poisson: {{rate: 80/s}}
"""

CPU = """
duration: {duration_s}s
seed: {seed}
services:
  web:
    max_concurrency: 200
    max_size: 1
    policy: fixed
    application: {{simulated: {{cpu: {{exponential: 10ms}}}}}}
traffic:
  - poisson: {{rate: 80/s}}
"""


@dataclass(frozen=True)
class Model:
    """A model. `exact_mean_s`: the mean time in the system by queueing theory (Erlang C; M/G/1-PS)."""

    name: str
    text: str
    work: str  # the random stream from which the work of requests is sampled
    mean_work_s: float
    simpy: Callable[[list[float], list[float]], list[float]]
    exact_mean_s: float

    def scenario(self, requests: int, seed: int) -> ScenarioSpec:
        return read_scenario(self.text.format(duration_s=requests / RATE_RPS, seed=seed))


MODELS = (
    Model("io", IO, "io", 0.1, lambda at_s, work_s: many_servers(at_s, work_s, servers=10), 0.120459),
    Model("cpu", CPU, "cpu", 0.01, processor_sharing, 0.05),
)


@dataclass(frozen=True)
class Timed:
    """The result of one round of one simulator."""

    requests: int
    mean_s: float
    cpu_s: float

    @property
    def rate_rps(self) -> float:
        return self.requests / self.cpu_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, default=200_000, help="requests per round")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for model in MODELS:
        _compare(model, arguments.requests, arguments.rounds)


def _compare(model: Model, requests: int, rounds: int) -> None:
    ours, theirs = [], []
    for seed in range(rounds):
        scenario = model.scenario(requests, seed)
        ours.append(play_here(scenario))
        theirs.append(play_simpy(model, scenario))
        require_same(model, ours[-1], theirs[-1])
    ratios = [mine.rate_rps / other.rate_rps for mine, other in zip(ours, theirs, strict=True)]
    print(f"{model.name}: {rounds} rounds of about {requests:,} requests; min / median / max")
    _print("platform, requests/s", [timed.rate_rps for timed in ours], ",.0f", TARGET_RPS)
    _print("SimPy, requests/s", [timed.rate_rps for timed in theirs], ",.0f")
    _print("platform / SimPy", ratios, ".2f", TARGET_RATIO)
    means_ms = [timed.mean_s * 1000 for timed in ours]
    error_ms = statistics.stdev(means_ms) / math.sqrt(rounds) if rounds > 1 else math.nan
    print(
        f"  {'mean time in system':22} {statistics.fmean(means_ms):.2f} ms +- {error_ms:.2f} on both sides, "
        f"exact {model.exact_mean_s * 1000:.2f} ms"
    )


def play_here(scenario: ScenarioSpec) -> Timed:
    began_s = time.process_time()
    requests = build_report(play(Run(scenario))).requests
    took_s = time.process_time() - began_s
    assert requests.latency.mean_s is not None
    assert requests.served == requests.requests, "a model without losses lost something"
    return Timed(requests.served, requests.latency.mean_s, took_s)


def play_simpy(model: Model, scenario: ScenarioSpec) -> Timed:
    """Play the model in SimPy. Arrivals and work are sampled before the measurement begins."""
    streams = RandomStreams(scenario.seed)
    arrivals_s: list[float] = list(arrival_times(scenario, streams, 0))
    stream = streams.stream("service", "web", model.work)
    work_s = Exponential(model.mean_work_s).draw(stream, len(arrivals_s)).tolist()
    began_s = time.process_time()
    latencies_s = model.simpy(arrivals_s, work_s)
    took_s = time.process_time() - began_s
    return Timed(len(latencies_s), statistics.fmean(latencies_s), took_s)


def require_same(model: Model, ours: Timed, theirs: Timed) -> None:
    """Raise ValueError if the two did not simulate the same requests."""
    # Reports have nine digits, and sums of whole nanoseconds.
    if ours.requests != theirs.requests or not math.isclose(ours.mean_s, theirs.mean_s, rel_tol=1e-6):
        msg = (
            f"{model.name}: platform = {ours.requests} requests, mean {ours.mean_s:.9f} s, must be SimPy's "
            f"{theirs.requests} requests, mean {theirs.mean_s:.9f} s"
        )
        raise ValueError(msg)


def _print(name: str, values: list[float], digits: str, target: float | None = None) -> None:
    given = " / ".join(f"{value:{digits}}" for value in (min(values), statistics.median(values), max(values)))
    verdict = ""
    if target is not None:
        verdict = f"   target {target:{digits}}: {'reached' if statistics.median(values) >= target else 'MISSED'}"
    print(f"  {name:22} {given}{verdict}")


if __name__ == "__main__":
    main()
