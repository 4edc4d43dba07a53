"""A queueing station played by the compiled backend: millions of requests, so that deviations of 2 % are significant.

The stations are those of stations.py, which consist of the platform's own objects, as scenarios. The compiled backend
plays them identically, row by row (tests/lab/compiled/test_compiled_backend.py). numba compiles once per machine.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from simulator.fleet.simulated.application import SimulatedApplication
from simulator.lab.compiled.play import CompiledRequests
from simulator.lab.validate.stations import NO_LIMIT, Observed, StationSetup
from simulator.platform.platform import Platform
from simulator.records.request_log import Chunk
from simulator.replay.run_recorder import RunRecorder
from simulator.replay.runner import Run, play
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.traffic.demand import DemandSampler
from simulator.traffic.traffic import Traffic
from simulator.world.distributions import Constant, Distribution, Exponential, Hyperexponential
from simulator.world.random_streams import RandomStreams

# The vectors have no unit of time. With a tenth of the usual one, the platform's own ticks take little time compared
# with the requests.
SHRINK: Final = 10.0
_NAME: Final = "station"
_QUEUE: Final = 10**8  # requests; never full
_NEVER: Final = "100000000s"


class _Watched(CompiledRequests):
    """Forwards every row to its observer."""

    def __init__(self, scenario: ScenarioSpec) -> None:
        super().__init__(scenario)
        self.chunks: list[Chunk] = []

    def start(self, platform: Platform, recorder: RunRecorder) -> Traffic:
        recorder.row_readers.append(self.take)
        return super().start(platform, recorder)

    def take(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)


def observe_compiled(station: StationSetup, seed: int, requests: int, warm_up_requests: int) -> Observed:
    """Measure like `observe`. A scenario has a duration, so `requests` is only the expected number."""
    duration_s = (requests + warm_up_requests) / station.rate_rps / SHRINK
    scenario = read_scenario(_text(station, duration_s)).with_seed(seed)
    backend = _Watched(scenario)
    play(Run(scenario, backend=backend), signals=False)
    columns = {
        name: np.concatenate([getattr(chunk, name) for chunk in backend.chunks])
        for name in ("intended_s", "latency_s", "queue_s", "cold_s", "service_s", "status")
    }
    # in the order of arrival, in which the work is sampled
    order = np.argsort(columns["intended_s"], kind="stable")
    found = {name: column[order] for name, column in columns.items()}
    simulated = scenario.services[_NAME].application.simulated
    assert simulated is not None
    work_s, _ = DemandSampler(simulated, RandomStreams(seed), _NAME).next(len(order))
    return Observed(
        arrived_s=found["intended_s"] * SHRINK,
        latency_s=found["latency_s"] * SHRINK,
        queue_s=(found["queue_s"] + found["cold_s"]) * SHRINK,
        service_s=found["service_s"] * SHRINK,
        status=found["status"].astype(np.float64),
        work_s=work_s * SHRINK,
        from_s=warm_up_requests / station.rate_rps,
        until_s=duration_s * SHRINK,
    )


def _text(station: StationSetup, duration_s: float) -> str:
    queue = _QUEUE if station.places == NO_LIMIT else station.places
    overflow = f"{{mode: queue, wait: {_NEVER}, queue: {queue}}}" if station.places else "reject"
    return f"""
duration: {duration_s:.6f}s
services:
  {_NAME}:
    max_concurrency: {station.slots}
    min_size: 1
    max_size: 1
    policy: fixed
    overflow: {overflow}
    request_timeout: {_NEVER}
    health_check: {{interval: 20s}}
    application: {{simulated: {_application(station.application)}}}
traffic: [{{poisson: {{rate: {station.rate_rps * SHRINK:.9g}/s}}}}]
"""


def _application(application: SimulatedApplication) -> str:
    parts = [
        f"{name}: {_law(distribution)}"
        for name, distribution in (("cpu", application.cpu), ("io", application.io))
        if distribution.mean
    ]
    if application.workers is not None:
        parts.append(f"workers: {application.workers}")
    return f"{{{', '.join(parts)}}}"


def _law(distribution: Distribution) -> str:
    mean = f"{distribution.mean / SHRINK:.12f}s"
    if isinstance(distribution, Constant):
        return mean
    if isinstance(distribution, Exponential):
        return f"{{exponential: {mean}}}"
    if isinstance(distribution, Hyperexponential):
        return f"{{hyperexponential: {{mean: {mean}, cv2: {distribution.cv2:g}}}}}"
    msg = f"law = {distribution}, must be one that the cases have"
    raise ValueError(msg)
