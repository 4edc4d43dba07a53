"""One instance without a platform serves the same requests, in the same times, as in a run of a scenario."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import yaml

from simulator.fleet.simulated.work import CHUNK
from simulator.lab.compiled.instance.instance_play import InstanceWork, play_instance
from simulator.records.request_log import Chunk
from simulator.replay.applications import simulated_application
from simulator.replay.runner import Run, play
from simulator.replay.service_plans import service_plan
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.world.clock import ClockKind
from simulator.world.distributions import Constant
from simulator.world.random_streams import RandomStreams

APPLICATIONS: dict[str, dict[str, Any]] = {
    "shared": {"cpu": {"exponential": "20ms"}, "io": {"exponential": "60ms"}},
    "workers": {"cpu": {"exponential": "5ms"}, "io": {"exponential": "60ms"}, "workers": 3},
    "event-loop": {"cpu": {"exponential": "20ms"}, "io": "30ms", "cpu_order": "first_come", "parallelism": 1},
    "visits": {"cpu": {"exponential": "20ms"}, "io": "30ms", "cpu_order": "first_come", "cpu_visits": 5},
    "contention": {"cpu": {"exponential": "10ms"}, "io": "30ms", "contention": 0.05, "coherency": 0.001},
}
OVERLOADED = {"cpu": {"exponential": "30ms"}, "io": "900ms"}


def scenario_of(
    simulated: dict[str, Any], downstream: dict[str, Any] | None = None, duration: str = "30s"
) -> ScenarioSpec:
    application = {"simulated": simulated, **({"downstream": downstream} if downstream else {})}
    service = {"max_concurrency": 20, "max_size": 1, "application": application, "wake": 0}
    data = {"duration": duration, "seed": 7, "services": {"web": service}, "traffic": [{"poisson": {"rate": "40/s"}}]}
    return read_scenario(yaml.safe_dump(data))


class KeptRows:
    """Keeps the rows of a run."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []

    def read(self, chunk: Chunk, /) -> None:
        self.chunks.append(chunk)


def compare(scenario: ScenarioSpec, requests_min: int = 1000) -> None:
    rows = KeptRows()
    play(Run(scenario, rows=rows), signals=False)
    chunks = rows.chunks
    at_s, latency_s = (np.concatenate([getattr(c, name) for c in chunks]) for name in ("intended_s", "latency_s"))
    order = np.argsort(at_s, kind="stable")
    status = np.concatenate([chunk.status for chunk in chunks])[order]
    at_s, latency_s = at_s[order], latency_s[order]
    spec = scenario.services["web"].application
    assert spec.simulated is not None
    application = simulated_application(spec.simulated, Constant(0.0), spec.downstream)
    settings = service_plan(scenario, "web", ClockKind.VIRTUAL).settings
    streams = RandomStreams(scenario.seed)

    def drawn(name: str) -> Any:
        law = application.cpu if name == "cpu" else application.io
        rng = streams.stream("service", "web", name)
        return np.concatenate([law.draw(rng, CHUNK) for _ in range(len(at_s) // CHUNK + 1)])[: len(at_s)]

    work = InstanceWork(at_s, drawn("cpu"), drawn("io"), marks_s=(0.0, 1e6))
    played = play_instance(application, settings, work, RandomStreams(scenario.seed))
    assert len(at_s) > requests_min
    assert played.status.tolist() == status.tolist()
    assert played.latency_s == pytest.approx(latency_s, rel=1e-12, abs=1e-9)
    if application.cpu_use.contention == 0 and not application.background and (played.status == 200).all():
        assert played.cpu_s == pytest.approx([0.0, work.cpu_s.sum(), work.cpu_s.sum()])


@pytest.mark.parametrize("simulated", APPLICATIONS.values(), ids=APPLICATIONS)
def test_an_instance_alone_serves_as_in_a_run(simulated: dict[str, Any]) -> None:
    compare(scenario_of(simulated))


def test_requests_beyond_the_largest_concurrency_are_rejected_as_in_a_run() -> None:
    compare(scenario_of(OVERLOADED))


@pytest.mark.slow
@pytest.mark.timeout(2400)  # the kernel is compiled on first use, for minutes on a busy machine
@pytest.mark.parametrize(
    ("more", "downstream"),
    [
        ({"cpu_quota": {"period": "100ms", "cores": 2}}, None),
        ({}, {"lock": {"connections": 1000, "service": {"exponential": "15ms"}, "pool": 1}}),
        (
            {"background": {"mail": {"after_requests": 0.5, "cpu": "9ms"}, "cache": {"every": "1s", "cpu": "80ms"}}},
            None,
        ),
    ],
    ids=["quota", "lock", "background"],
)
def test_quotas_calls_and_background_work_are_played_as_in_a_run(
    more: dict[str, Any], downstream: dict[str, Any] | None
) -> None:
    compare(scenario_of({"cpu": {"exponential": "12ms"}, "io": {"exponential": "60ms"}, **more}, downstream))
