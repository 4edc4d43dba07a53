"""The size that a platform takes if it does not offer the scenario's."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.lab.compare.candidates import Candidate, CandidateKind, candidates_of, on_platform
from simulator.lab.compare.compare import Plan, compare
from simulator.model.sizes import InstanceSize
from simulator.replay.runner import Run, play
from simulator.rules.platforms.presets import platform_named
from simulator.rules.platforms.sizing.sizes import CpuThrottling
from simulator.scenario.scenario import ScenarioSpec, load_scenario

QUARTER = """
version: 1
duration: 30s
services:
  web:
    cpu: 0.25
    memory: 0.5
    max_concurrency: 4
    max_size: 3
    application: {simulated: {cpu: 40ms}}
traffic:
  - {name: visitors, closed: {users: 1, think_time: 1s}}
"""


def written(tmp_path: Path, text: str = QUARTER) -> Path:
    file = tmp_path / "quarter.yaml"
    file.write_text(text)
    return file


@pytest.fixture
def scenario(tmp_path: Path) -> ScenarioSpec:
    return load_scenario(written(tmp_path))


def on(name: str) -> Candidate:
    return Candidate(CandidateKind.PLATFORM, name)


def test_the_service_gets_the_nearest_size_of_the_platform(scenario: ScenarioSpec) -> None:
    there = on_platform(scenario, platform_named("cloud-run")).services["web"]
    assert there.size == InstanceSize(1024, 512)  # four concurrent requests need a whole vCPU
    assert on_platform(scenario, platform_named("ecs-express")).services["web"].size == InstanceSize(256, 512)


def test_the_cpu_work_of_a_request_takes_a_quarter_on_four_times_the_cpu(scenario: ScenarioSpec) -> None:
    """0.25 vCPU to 1 vCPU: the played service times agree with the factor of the note."""
    moved = on("cloud-run").moved_size(scenario, "web")
    assert moved is not None
    assert (moved.capacity_factor, moved.cpu_time_factor) == (4, 0.25)
    record = play(Run(on_platform(scenario, platform_named("cloud-run"))), signals=False)
    assert record.stats_by_source.whole().service.mean_s == pytest.approx(0.04, rel=0.01)


def test_a_fraction_of_a_vcpu_is_a_quota_where_the_platform_gives_it_so(scenario: ScenarioSpec) -> None:
    quotas = {}
    for name in ("app-runner", "ecs-express", "container-apps", "lambda", "cloud-run", "knative"):
        simulated = on_platform(scenario, platform_named(name)).services["web"].application.simulated
        assert simulated is not None
        quotas[name] = (
            None if simulated.cpu_quota is None else (simulated.cpu_quota.period_s, simulated.cpu_quota.cores)
        )
    assert quotas == {
        "app-runner": (0.1, 2),
        "ecs-express": (0.1, 2),
        "container-apps": (0.1, 4),
        "lambda": (0.02, 2),
        "cloud-run": None,  # a whole vCPU: four concurrent requests
        "knative": None,  # the pod's limit is the user's choice
    }


def test_a_short_request_takes_its_own_cpu_time_under_a_quota(tmp_path: Path) -> None:
    """20 ms of CPU on a quarter of a vCPU: 25 ms in each 100 ms are enough, so it takes 20 ms, not 80 ms, unless it
    arrives at the end of a period; without a quota it takes 80 ms always.
    """
    short = load_scenario(written(tmp_path, QUARTER.replace("40ms", "20ms")))
    shared = play(Run(short), signals=False).stats_by_source.whole().service
    limited = play(Run(on_platform(short, platform_named("app-runner"))), signals=False).stats_by_source.whole().service
    assert shared.quantiles((0.5,))[0] == pytest.approx(0.08, rel=0.01)
    assert limited.quantiles((0.5,))[0] == pytest.approx(0.02, rel=0.01)


def test_the_quota_of_the_scenario_stays(tmp_path: Path) -> None:
    own = "simulated: {cpu: 40ms, cpu_quota: {period: 10ms}}"
    given = load_scenario(written(tmp_path, QUARTER.replace("simulated: {cpu: 40ms}", own)))
    simulated = on_platform(given, platform_named("app-runner")).services["web"].application.simulated
    assert simulated is not None
    assert simulated.cpu_quota is not None
    assert simulated.cpu_quota.period_s == 0.01


def test_a_quota_binds_only_if_requests_can_use_more_than_it() -> None:
    assert CpuThrottling().binds(0.25, 1)
    assert not CpuThrottling().binds(1.0, 200)  # whole processors
    assert not CpuThrottling().binds(1.158, 1)  # one request uses one processor
    assert CpuThrottling().binds(1.25, 2)


def test_a_comparison_names_the_quota(tmp_path: Path) -> None:
    plan = Plan([written(tmp_path)], candidates_of((), ("lambda",), {}), baseline="lambda", seeds=1, oracle=False)
    (case,) = compare(plan).cases
    (note,) = [note for note in case.notes if note.startswith("CPU is a quota")]
    # 512 MB of 1,769 MB are 0.289 vCPU.
    assert note.endswith("until the next period: lambda (5.78 ms of CPU in each 20 ms)")


def test_a_platform_that_offers_the_size_does_not_move_it(scenario: ScenarioSpec) -> None:
    assert on("app-runner").moved_size(scenario, "web") is None
    assert Candidate(CandidateKind.POLICY, "knative").moved_size(scenario, "web") is None


def test_more_than_one_vcpu_does_not_shorten_a_lone_request(tmp_path: Path) -> None:
    whole = load_scenario(written(tmp_path, QUARTER.replace("cpu: 0.25", "cpu: 1").replace("0.5\n", "2\n")))
    moved = on("lambda").moved_size(whole, "web")
    assert moved is not None
    assert moved.taken.size == InstanceSize(1186, 2048)  # 2048 MB / 1769 MB
    assert moved.capacity_factor == pytest.approx(2048 / 1769, rel=1e-3)
    assert moved.cpu_time_factor == 1
    # 2 GB at 0.0000166667 USD per GB-second, an hour long.
    assert moved.hour_usd == pytest.approx(2 * 0.0000166667 * 3600)


def test_a_comparison_names_the_size_in_notes_and_data(tmp_path: Path) -> None:
    names = ("cloud-run", "app-runner")
    plan = Plan([written(tmp_path)], candidates_of((), names, {}), baseline="app-runner", seeds=1, oracle=False)
    (case,) = compare(plan).cases
    cloud_run, app_runner = case.rows
    assert app_runner.size is None
    assert cloud_run.size is not None
    assert (cloud_run.size.asked_vcpu, cloud_run.size.vcpu, cloud_run.size.memory_gb) == (0.25, 1, 0.5)
    (note,) = [note for note in case.notes if note.startswith("Size on ")]
    assert note == (
        "Size on cloud-run: 1 vCPU / 0.5 GB for the scenario's 0.25 vCPU / 0.5 GB, the smallest that has as much; an "
        "instance has 4.00 times the CPU; the CPU work of a lone request takes 0.250 times as long; a busy hour of an "
        "instance costs 0.0909 USD in place of 0.0261 USD"
    )


def test_a_size_that_is_too_large_for_the_platform_moves_to_its_largest(tmp_path: Path) -> None:
    huge = load_scenario(written(tmp_path, QUARTER.replace("cpu: 0.25", "cpu: 4").replace("0.5\n", "12\n")))
    moved = on("container-apps").moved_size(huge, "web")
    assert moved is not None
    assert moved.taken.is_smaller
    assert "4 vCPU / 8 GB for the scenario's 4 vCPU / 12 GB, the largest that it offers" in str(moved)
