from __future__ import annotations

import asyncio
import math

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.port import Actuator, AgeLimit
from tests.fleet.fakes import Stage, stage_settings
from tests.virtual import rounds, run_virtual, until

ACTIVATES = Actuator(activates=True)
EXPIRES = Actuator(idle_expiry_s=600)
METERED = Actuator(activates=True, idle_expiry_s=600)
AGES = Actuator(age_limit=AgeLimit(7000, 7400))


def test_a_run_begins_with_idle_instances() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2), ACTIVATES) as stage:
            assert stage.states() == "idle idle"
            assert stage.backend(1).throttled

    run_virtual(main)


def test_on_a_platform_without_idle_state_every_instance_is_active() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2)) as stage:
            await asyncio.sleep(10_000)
            assert stage.states() == "active active"

    run_virtual(main)


def test_a_request_activates_an_idle_instance_and_a_quiet_time_makes_it_idle_again() -> None:
    async def main() -> None:
        async with Stage(stage_settings(idle_after_s=60), ACTIVATES) as stage:
            await asyncio.sleep(10)
            exchange = stage.offer()
            assert stage.states() == "active"
            await asyncio.sleep(5)
            stage.answer(exchange)
            await asyncio.sleep(100)
            assert stage.moves(1)[-3:] == [(0.0, "idle"), (10.0, "active"), (75.0, "idle")]

    run_virtual(main)


def test_every_request_restarts_the_idle_timer() -> None:
    async def main() -> None:
        async with Stage(stage_settings(idle_after_s=60), ACTIVATES) as stage:
            for _ in range(5):
                stage.answer(stage.offer())
                await asyncio.sleep(50)
            assert stage.states() == "active"
            await asyncio.sleep(20)
            assert stage.moves(1)[-1] == (260.0, "idle")

    run_virtual(main)


def test_an_instance_with_a_request_is_never_idle() -> None:
    async def main() -> None:
        async with Stage(stage_settings(idle_after_s=60, request_timeout_s=1000), ACTIVATES) as stage:
            exchange = stage.offer()
            await asyncio.sleep(500)
            assert stage.states() == "active"
            stage.answer(exchange)
            await asyncio.sleep(61)
            assert stage.states() == "idle"

    run_virtual(main)


def test_a_new_instance_without_requests_becomes_idle_too() -> None:
    async def main() -> None:
        async with Stage(stage_settings(idle_after_s=60), ACTIVATES) as stage:
            stage.replica_set.resize(2)
            await asyncio.sleep(61)
            assert stage.moves(2) == [(0.0, "starting"), (0.0, "active"), (60.0, "idle")]

    run_virtual(main)


def test_an_activation_is_billed_from_its_first_request_to_the_end_of_its_last() -> None:
    async def main() -> None:
        async with Stage(stage_settings(2, idle_after_s=60), ACTIVATES) as stage:
            await asyncio.sleep(10)
            first = stage.offer()
            await asyncio.sleep(10)
            second = stage.offer()
            stage.answer(first)
            await asyncio.sleep(10)
            stage.answer(second)
            await asyncio.sleep(100)
            assert stage.instance(1).activations == [(10.0, 30.0)]
            assert stage.instance(1).activation_at_s < 0

    run_virtual(main)


def test_the_start_of_an_instance_belongs_to_its_first_activation() -> None:
    async def main() -> None:
        async with Stage(stage_settings(2, idle_after_s=60), ACTIVATES) as stage:
            stage.fake.launch_s, stage.fake.probe_s = 3.0, 4.0
            stage.replica_set.resize(2)
            await asyncio.sleep(100)
            # Launched at 3, ready at 7, no request: the activation ends when the instance became ready.
            assert stage.instance(2).activations == [(3.0, 7.0)]

    run_virtual(main)


def test_an_activation_that_the_run_cuts_short_ends_with_its_last_request() -> None:
    async def main() -> None:
        stage = Stage(stage_settings(2), ACTIVATES)
        await stage.open()
        await asyncio.sleep(10)
        stage.answer(stage.offer())
        stage.offer()
        await asyncio.sleep(5)
        await stage.close()
        assert stage.instance(1).activations == [(10.0, 15.0)]

    run_virtual(main)


def test_without_idle_state_an_activation_lasts_until_the_instance_stops() -> None:
    async def main() -> None:
        stage = Stage()
        await stage.open()
        await asyncio.sleep(33)
        stage.replica_set.kill(1)
        await until(lambda: stage.states() == "stopped active")
        assert stage.instance(1).activations == [(0.0, 33.0)]
        await stage.close()

    run_virtual(main)


def test_an_instance_without_requests_expires() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2), EXPIRES) as stage:
            await asyncio.sleep(100)
            stage.answer(stage.offer())
            await asyncio.sleep(550)
            # One had its last request at 100 s; the other never had one, and was terminated at 600 s.
            assert sorted(stage.states().split()) == ["active", "stopped"]
            assert stage.replica_set.desired == 1
            await asyncio.sleep(100)
            assert sorted(stage.states().split()) == ["active", "stopped"]  # MinSize stays

    run_virtual(main)


def test_without_a_minimum_the_last_instance_expires_too() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=1, least=0), EXPIRES) as stage:
            await asyncio.sleep(601)
            assert stage.moves(1)[-1] == (600.0, "stopped")
            assert stage.replica_set.desired == 0

    run_virtual(main)


def test_the_front_tier_is_the_oldest_instances_up_to_the_desired_count() -> None:
    async def main() -> None:
        async with Stage(stage_settings(1, initial=3, least=3), ACTIVATES) as stage:
            stage.replica_set.resize(1)
            for _ in range(4):
                stage.answer(stage.offer())
            assert stage.states() == "active idle idle"
            stage.replica_set.resize(2)
            for _ in range(2):
                stage.answer(stage.offer())
            assert stage.states() == "active active idle"

    run_virtual(main)


def test_the_reserve_serves_before_requests_are_rejected() -> None:
    async def main() -> None:
        async with Stage(stage_settings(1, initial=2, least=2), ACTIVATES) as stage:
            stage.replica_set.resize(1)
            stage.offer()
            stage.offer()
            assert stage.states() == "active active"
            assert stage.offer().endings == ["overflow"]

    run_virtual(main)


@pytest.mark.parametrize("actuator", [ACTIVATES, EXPIRES])
def test_a_terminated_instance_is_neither_idle_nor_expired_later(actuator: Actuator) -> None:
    async def main() -> None:
        settings = stage_settings(initial=2, request_timeout_s=10_000, drain_timeout_s=10_000)
        async with Stage(settings, actuator) as stage:
            exchanges = [stage.offer(), stage.offer()]
            stage.replica_set.configure(AutoScalingConfiguration(1, 1, 1))
            await asyncio.sleep(2000)
            assert stage.states() == "active draining"
            stage.answer(exchanges[1])
            await rounds(20)
            assert stage.states() == "active stopped"

    run_virtual(main)


@pytest.mark.case("L2")
def test_idleness_and_expiry_have_separate_timers() -> None:
    async def main() -> None:
        async with Stage(stage_settings(idle_after_s=10, least=0), METERED) as stage:
            for _ in range(3):  # the timer of its expiry stays armed
                await asyncio.sleep(100)
                stage.answer(stage.offer())
            assert stage.moves(1)[-1] == (300.0, "active")
            await asyncio.sleep(11)
            assert stage.moves(1)[-1] == (310.0, "idle")
            await asyncio.sleep(600)
            assert stage.moves(1)[-2:] == [(900.0, "draining"), (900.0, "stopped")]
            assert stage.instance(1).activations == [(100.0, 100.0), (200.0, 200.0), (300.0, 300.0)]

    run_virtual(main)


@pytest.mark.case("L2")
def test_an_expiry_before_idleness_takes_effect() -> None:
    async def main() -> None:
        async with Stage(stage_settings(idle_after_s=60, least=0), Actuator(activates=True, idle_expiry_s=20)) as stage:
            stage.answer(stage.offer())
            await asyncio.sleep(30)
            assert stage.moves(1)[-2:] == [(20.0, "draining"), (20.0, "stopped")]

    run_virtual(main)


@pytest.mark.case("L1")
@pytest.mark.parametrize("actuator", [ACTIVATES, EXPIRES, METERED])
def test_no_deadline_passes_while_the_platform_starts(actuator: Actuator) -> None:
    async def main() -> None:
        stage = Stage(stage_settings(idle_after_s=60, initial=2, least=0), actuator)
        await stage.replica_set.begin()
        await asyncio.sleep(10_000)  # another service takes this long to start
        assert stage.states() == "active active"
        stage.clock.start()
        stage.replica_set.settle()
        assert stage.states() == ("idle idle" if actuator.activates else "active active")
        await asyncio.sleep(599)
        assert "stopped" not in stage.states()
        await asyncio.sleep(2)
        assert stage.states() == ("idle idle" if actuator is ACTIVATES else "stopped stopped")
        await stage.close()

    run_virtual(main)


@pytest.mark.case("L1")
def test_a_request_that_came_before_the_run_began_keeps_its_instance_awake() -> None:
    async def main() -> None:
        stage = Stage(stage_settings(idle_after_s=60), ACTIVATES)
        await stage.replica_set.begin()
        early = stage.offer()
        stage.clock.start()
        stage.replica_set.settle()
        assert stage.states() == "active"
        await asyncio.sleep(5)
        stage.answer(early)
        await asyncio.sleep(61)
        assert stage.moves(1)[-1] == (65.0, "idle")
        assert stage.instance(1).activations == [(0.0, 5.0)]
        await stage.close()

    run_virtual(main)


def test_the_idle_expiry_differs_between_instances_within_its_spread() -> None:
    async def main() -> None:
        spread = Actuator(idle_expiry_s=600, idle_expiry_spread=0.5)
        numbers = iter([0.0, 0.25, 0.999])
        async with Stage(stage_settings(initial=3, least=0), spread, random=lambda: next(numbers)) as stage:
            await asyncio.sleep(1000)
            assert [stage.moves(number)[-1] for number in (1, 2, 3)] == [
                (300.0, "stopped"),
                (450.0, "stopped"),
                (pytest.approx(899.4), "stopped"),
            ]

    run_virtual(main)


def test_without_random_numbers_the_idle_expiry_is_the_middle() -> None:
    async def main() -> None:
        spread = Actuator(idle_expiry_s=600, idle_expiry_spread=0.5, age_limit=AgeLimit(500, 900))
        async with Stage(stage_settings(initial=1, least=0), spread) as stage:
            await asyncio.sleep(1000)
            assert stage.moves(1)[-1] == (600.0, "stopped")

    run_virtual(main)


def test_an_instance_ends_at_its_age_although_it_has_requests_and_is_replaced_if_min_size_demands_it() -> None:
    async def main() -> None:
        numbers = iter([0.5, 0.0, 0.25, 0.0, 0.75, 0.0])
        settings = stage_settings(initial=1, least=1, request_timeout_s=1000)
        async with Stage(settings, AGES, random=lambda: next(numbers)) as stage:
            await asyncio.sleep(7199)
            exchange = stage.offer()
            await asyncio.sleep(11)
            assert stage.moves(1)[-1] == (7200.0, "draining")
            stage.answer(exchange)
            await asyncio.sleep(10)
            assert stage.moves(1)[-1] == (7210.0, "stopped")
            assert stage.moves(2)[-1][1] == "active"
            await asyncio.sleep(7100)
            assert stage.moves(2)[-1] == (7200.0 + 7100.0, "stopped")

    run_virtual(main)


@pytest.mark.parametrize(
    ("age_limit", "limit", "recycling", "expected"),
    [
        (AgeLimit(100, 200), 0.25, 0.9, 125.0),
        (AgeLimit(100, 200, 50), 0.25, 0.5, 50 * math.log(2)),
        (AgeLimit(100, 200, 1e6), 0.25, 0.5, 125.0),
        (AgeLimit(math.inf, math.inf, 50), 0.25, 0.5, 50 * math.log(2)),
    ],
)
def test_an_age_is_limited_to_the_earlier_of_its_limit_and_the_platforms_own_removal(
    age_limit: AgeLimit, limit: float, recycling: float, expected: float
) -> None:
    assert age_limit.at(limit, recycling) == pytest.approx(expected)


def test_an_idle_instance_is_kept_longer_beside_another_one() -> None:
    async def main() -> None:
        beside = Actuator(idle_expiry_s=600, idle_expiry_factor=1.5)
        async with Stage(stage_settings(initial=2, least=0), beside) as stage:
            await asyncio.sleep(1)
            stage.answer(stage.offer())  # the first one is idle from 1 s on, the second from 0 s on
            await asyncio.sleep(2000)
            ends = sorted(stage.moves(number)[-1] for number in (1, 2))
            assert ends == [(900.0, "stopped"), (901.0, "stopped")]
        async with Stage(stage_settings(initial=1, least=0), beside) as stage:
            await asyncio.sleep(2000)
            assert stage.moves(1)[-1] == (600.0, "stopped")

    run_virtual(main)
