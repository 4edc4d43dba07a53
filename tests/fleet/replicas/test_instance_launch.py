"""The launch of instances: lag, delay after crashes, launches that fail, and starts as stages."""

from __future__ import annotations

import asyncio
import math
import statistics

import pytest

from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import LaunchError
from simulator.fleet.replicas.instance_launch import InstanceStarts
from simulator.model.instance import InstanceState
from simulator.records.events import InstanceMoved
from simulator.replay.runner import Run, play
from simulator.rules.load_balancer.settings import ApplicationLoadBalancer
from simulator.rules.policies.kubernetes.container_apps_start import REGISTRATION, START_LAW
from simulator.rules.policies.port import Actuator
from simulator.rules.start_stages import InitLaw, Kept, QuantileCurve, StartDelays, StartLaw, StartPath, StartStage
from simulator.scenario.scenario import read_scenario
from simulator.world.random_streams import RandomStreams
from tests.fleet.fakes import Stage, stage_settings
from tests.virtual import run_virtual, until

LAG = Actuator(start_lag_s=30)


def test_an_initial_instance_that_cannot_be_launched_is_an_error_and_leaves_nothing_behind() -> None:
    async def main() -> None:
        stage = Stage(stage_settings(initial=2))
        stage.fake.failing = True
        with pytest.raises(LaunchError, match="service web: no such program"):
            await stage.open()
        await stage.close()
        assert len(asyncio.all_tasks()) == 1

    run_virtual(main)


def test_a_higher_desired_count_launches_after_the_platforms_delay() -> None:
    async def main() -> None:
        async with Stage(actuator=LAG) as stage:
            await asyncio.sleep(10)
            stage.replica_set.resize(3)
            assert (stage.replica_set.coming, stage.replica_set.provisioned) == (2, 1)
            await asyncio.sleep(31)
            assert [stage.moves(number) for number in (2, 3)] == [[(40.0, "starting"), (40.0, "active")]] * 2
            assert stage.replica_set.coming == 0

    run_virtual(main)


def test_a_crash_loop_backs_off_and_a_success_resets_it() -> None:
    async def main() -> None:
        async with Stage() as stage:
            stage.fake.failing = True
            stage.replica_set.resize(2)
            await asyncio.sleep(20)
            # Crashes 1 and 2 at once, then after 1, 2, 4 and 8 s, at 1, 3, 7 and 15 s; the next is due at 31 s.
            crashes = [event for number in stage.replica_set.instances for event in stage.moves(number)]
            assert crashes[2:] == [(at_s, "stopped") for at_s in (0.0, 0.0, 1.0, 3.0, 7.0, 15.0)]
            stage.fake.failing = False
            await asyncio.sleep(12)
            assert len(stage.pool.ready) == 2
            assert stage.lines()[-1] == "6 consecutive instances have crashed: the next one starts in 16s"
            stage.replica_set.kill(8)  # healthy, but not for long enough: the delays continue
            await asyncio.sleep(31.5)
            assert len(stage.pool.ready) == 1
            await asyncio.sleep(1)
            assert len(stage.pool.ready) == 2
            await asyncio.sleep(10)
            stage.replica_set.kill(1)
            await until(lambda: len(stage.pool.ready) == 1)
            await until(lambda: len(stage.pool.ready) == 2)

    run_virtual(main)


ONE = StartLaw((StartPath(1.0, (StartStage("boot", 2, 6),), StartStage("in", 1, 3), StartStage("gap", 10, 20)),))


PLAIN = PoolSettings("app")


def test_behind_a_load_balancer_the_first_health_check_comes_within_an_interval() -> None:
    behind = PoolSettings("app", route_after_s=1.0).behind(ApplicationLoadBalancer())
    without = InstanceStarts(behind, None, lambda: 0.0)
    assert without.delays(Actuator(start_lag_s=7.0), from_zero=False) == StartDelays(7.0, 16.0, 0.0)
    numbers = iter([0.0, 1.0, 0.25, 0.9])
    staged = InstanceStarts(behind, lambda: next(numbers), lambda: 0.0)
    delays = staged.delays(Actuator(start_law=ONE), from_zero=False)
    assert delays[:3] == pytest.approx((3.0, 3.0 + 0.9 * 30 + 1.0, 0.0))


def test_without_stages_the_lag_is_constant() -> None:
    assert InstanceStarts(PLAIN, None, lambda: 0.0).delays(Actuator(start_lag_s=7.0), from_zero=True) == StartDelays(
        7.0, 0.0, 0.0
    )


def test_a_start_says_what_the_instance_still_has() -> None:
    starts = InstanceStarts(PLAIN, None, lambda: 0.0)
    assert starts.delays(Actuator(kept=Kept.MEMORY), from_zero=False).kept is Kept.MEMORY
    assert starts.delays(Actuator(start_law=ONE, kept=Kept.DISK), from_zero=False).kept is Kept.DISK


def test_without_random_numbers_each_stage_takes_its_median() -> None:
    starts = InstanceStarts(PLAIN, None, lambda: 0.0)
    assert starts.delays(Actuator(start_law=ONE), from_zero=True) == StartDelays(4.0, 15.0, 0.0)
    assert starts.delays(Actuator(start_law=ONE), from_zero=False) == StartDelays(4.0, 2.0, 0.0)


def test_each_stage_has_a_random_number_of_its_own() -> None:
    numbers = iter([0.0, 1.0, 0.25])
    starts = InstanceStarts(PLAIN, lambda: next(numbers), lambda: 0.0)
    assert starts.delays(Actuator(start_law=ONE), from_zero=True) == StartDelays(3.0, 20.0, 0.0)


def test_initialisations_of_a_day_share_a_factor() -> None:
    """The median of a curve without spread is the factor itself."""
    flat = QuantileCurve(((0.0, 1.0), (1.0, 1.0)))
    law = StartLaw(ONE.paths, InitLaw(0.2, flat, day_sd=0.1))
    now_s = [0.0]
    starts = InstanceStarts(PLAIN, RandomStreams(1).stream("starts").random, lambda: now_s[0])

    def init_s(at_s: float) -> float:
        now_s[0] = at_s
        return starts.delays(Actuator(start_law=law), from_zero=False).init_s

    days = [[init_s(day * 86_400 + hour * 3600) for hour in (0, 11, 23)] for day in range(400)]
    assert all(len(set(day)) == 1 for day in days)
    logs = [math.log(day[0] / 0.2) for day in days]
    assert statistics.fmean(logs) == pytest.approx(0, abs=0.02)
    assert statistics.pstdev(logs) == pytest.approx(0.1, rel=0.12)


def test_a_simulated_application_starts_after_the_initialisation_of_the_runtime() -> None:
    """Decision to launch: the constant placement; launch to ready: the initialisation, then 2 s of start-up."""
    text = """
        duration: 60s
        services:
          app:
            min_size: 0
            max_size: 3
            max_concurrency: 1
            overflow: {mode: queue, wait: 30s, queue: 10}
            policy: {name: lambda, runtime: python3.13, package: zip, init_day_sd: 0, placement: 500ms}
            application: {simulated: {io: 10ms, start_up: 2s}}
        traffic:
          - at_once: {requests: 1, at: 20s}
    """
    run = Run(read_scenario(text))
    play(run, signals=False)
    moves = [event for event in run.journal.events if isinstance(event, InstanceMoved)]
    launched_s, ready_s = (
        next(move.at_s for move in moves if move.after is state)
        for state in (InstanceState.STARTING, InstanceState.ACTIVE)
    )
    assert launched_s == pytest.approx(20.5)
    low, high = (0.085 * multiple for multiple in (0.463, 2.826))
    assert 2 + low <= ready_s - launched_s <= 2 + high


def _ready_s(overflow: str, min_size: int, seed: int) -> list[tuple[float, float]]:
    """Return (launched, ready) of the instances that a burst of 100 requests at 20 s starts."""
    text = f"""
        duration: 90s
        services:
          app:
            min_size: {min_size}
            max_size: 3
            overflow: {overflow}
            policy: container-apps
            application: {{simulated: {{io: 2s}}}}
        traffic: [{{at_once: {{requests: 100, at: 20s}}}}]
    """
    scenario = read_scenario(text).with_seed(seed)
    moves: dict[int, list[float]] = {}
    for event in play(Run(scenario)).events:
        if isinstance(event, InstanceMoved) and event.at_s > 20:
            moves.setdefault(event.instance, []).append(event.at_s)
    return [(times[0], times[1]) for _, times in sorted(moves.items()) if len(times) > 1]


@pytest.mark.parametrize("seed", range(1, 4))
def test_only_the_first_replica_at_zero_with_a_waiting_request_has_the_gap(seed: int) -> None:
    registered_s = REGISTRATION.high_s + 1.0  # at most a second of probing
    _, *others = _ready_s("{mode: queue, wait: 80s}", 0, seed)
    assert others
    assert all(ready_s - launched_s <= registered_s for launched_s, ready_s in others)


def test_seeds_differ_in_whether_the_first_replica_has_the_gap() -> None:
    long_s = max(path.from_zero.low_s for path in START_LAW.paths)
    firsts = [_ready_s("{mode: queue, wait: 80s}", 0, seed)[0] for seed in range(1, 13)]
    assert {ready_s - launched_s >= long_s for launched_s, ready_s in firsts} == {True, False}
    # The two paths: launched after 0.7 + 9.8 + 3.9 s at the earliest, after 1.4 + 11.9 + 12.1 s at the latest.
    assert all(34.4 <= launched_s <= 45.4 for launched_s, _ in firsts)


def test_without_a_queue_no_request_waits_so_there_is_no_gap() -> None:
    assert all(
        ready_s - launched_s <= REGISTRATION.high_s + 1.0
        for seed in range(1, 4)
        for launched_s, ready_s in _ready_s("reject", 0, seed)
    )
