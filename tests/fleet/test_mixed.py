"""Mixed pools: the first instances are real, the others respond as the real ones do."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from simulator.fleet.exchange import PooledExchange
from simulator.fleet.mixed import ANSWERS_KEPT, MeasuredBehaviour, MeasuredResponse, MixedDriver
from simulator.fleet.ports import Backend, InstanceSpec, LaunchError
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.fleet.simulated.driver import SimulatedBackend, SimulatedDriver
from simulator.model.health import HealthCheck
from simulator.model.sizes import InstanceSize
from simulator.records.events import InstanceImitated
from simulator.records.journal import Journal
from simulator.world.distributions import Constant
from simulator.world.random_streams import RandomStreams
from simulator.world.running_loop import running_loop
from tests.fleet.fakes import Stage, stage_settings
from tests.virtual import run_virtual

SPEC = InstanceSpec("web", 1, InstanceSize(1024, 2048))
CHECK = HealthCheck()
START_S, ANSWER_S = 2.0, 0.5
WORKS = SimulatedApplication(start_up=Constant(START_S), io=Constant(ANSWER_S))


class Real(SimulatedDriver):
    """A driver in place of one of real instances. `rejects`: launches fail."""

    limits_in_force = "CPU and memory limits: none"

    def __init__(self, application: SimulatedApplication = WORKS) -> None:
        super().__init__(application, RandomStreams(1), "web")
        self.rejects = False
        self.launched: list[SimulatedBackend] = []

    async def launch(self, spec: InstanceSpec) -> SimulatedBackend:
        if self.rejects:
            msg = "program = shop, must be there"
            raise LaunchError(msg)
        self.launched.append(await super().launch(spec))
        return self.launched[-1]


class Request(PooledExchange):
    """A request that records its response."""

    def __init__(self) -> None:
        super().__init__(running_loop().time())
        self.begun_s = self.arrived_s
        self.endings: list[tuple[float, int]] = []  # (seconds, status)

    def answered(self, status: int) -> None:
        self.endings.append((round(asyncio.get_running_loop().time() - self.arrived_s, 6), status))


def lowest() -> float:
    return 0.0


def mixed_stage(real: Real, count: int, *, initial: int, capacity: int = 10) -> Stage:
    """A stage whose first `count` instances come from `real`."""
    driver = MixedDriver(real, count, lowest, Journal())
    settings = stage_settings(capacity, initial=initial, least=initial, idle_after_s=1e6)
    return Stage(settings, driver=driver, finished=driver.finished)


async def simulated_one(driver: MixedDriver) -> Backend:
    """Return an instance beyond the only real one."""
    await driver.launch(SPEC)
    return await driver.launch(SPEC)


def asked(backend: Backend) -> Request:
    request = Request()
    backend.begin(request)
    return request


Play = Callable[[Stage], Coroutine[Any, Any, None]]


def in_a_stage(real: Real, play: Play, *, count: int = 1, initial: int = 3) -> None:
    async def main() -> None:
        async with mixed_stage(real, count, initial=initial) as stage:
            await play(stage)

    run_virtual(main)


def test_the_first_instances_are_real_and_the_others_answer_in_their_time() -> None:
    real = Real()

    async def play(stage: Stage) -> None:
        assert len(real.launched) == 2
        first = [stage.offer() for _ in range(5)]
        await asyncio.sleep(ANSWER_S + 0.001)
        assert [exchange.endings for exchange in first if exchange.instance and exchange.instance.number <= 2] == [
            [200]
        ] * 2
        await asyncio.sleep(ANSWER_S)  # the requests of the others began when the first response was known
        assert [exchange.endings for exchange in first] == [[200]] * 5
        later = [stage.offer() for _ in range(5)]
        await asyncio.sleep(ANSWER_S - 0.001)
        assert [exchange.endings for exchange in later] == [[]] * 5
        await asyncio.sleep(0.002)
        assert [exchange.endings for exchange in later] == [[200]] * 5

    in_a_stage(real, play, count=2, initial=5)


def test_simulated_instances_are_ready_in_the_time_that_real_ones_take() -> None:
    async def main() -> None:
        stage = mixed_stage(Real(), 1, initial=3)
        began_s = stage.loop.time()
        await stage.open()
        try:
            # Probed every 5 s, the real instance became ready between 0 and 5 s, and so do the simulated ones.
            assert stage.loop.time() - began_s == pytest.approx(CHECK.interval_s, abs=0.01)
        finally:
            await stage.close()

    run_virtual(main)


def test_no_simulated_instance_is_healthy_before_a_real_one() -> None:
    async def main() -> None:
        real = Real()
        driver = MixedDriver(real, 1, lowest, Journal())
        first, second = await driver.launch(SPEC), await driver.launch(SPEC)
        await asyncio.sleep(100)
        assert await second.probe(CHECK) == "connection refused"
        assert await first.probe(CHECK) is None  # half of the 100 s that were measured
        assert await second.probe(CHECK) is None
        third = await driver.launch(SPEC)
        await asyncio.sleep(49)
        assert await third.probe(CHECK) == "connection refused"
        await asyncio.sleep(2)
        assert await third.probe(CHECK) is None

    run_virtual(main)


def test_the_journal_has_the_simulated_instances_only() -> None:
    async def main() -> None:
        journal = Journal()
        told: list[InstanceImitated] = []
        journal.subscribe(InstanceImitated, told.append)
        driver = MixedDriver(Real(), 2, lowest, journal)
        for number in range(1, 5):
            await driver.launch(dataclasses.replace(SPEC, number=number))
        assert told == [InstanceImitated("web", 3), InstanceImitated("web", 4)]

    run_virtual(main)


def test_instances_of_a_model_need_no_measurement_and_count_their_own_cpu() -> None:
    model = SimulatedApplication(start_up=Constant(1.0), cpu=Constant(0.2), io=Constant(0.1))

    async def main() -> None:
        further = SimulatedDriver(model, RandomStreams(1), "model")
        driver = MixedDriver(Real(), 1, lowest, Journal(), further)
        assert driver.limits_in_force.endswith("instances beyond 1 are simulated by the model of the scenario")
        second = await simulated_one(driver)
        await asyncio.sleep(0.9)
        assert await second.probe(CHECK) == "connection refused"
        await asyncio.sleep(0.2)
        assert await second.probe(CHECK) is None  # no real instance is ready yet
        request = asked(second)
        await asyncio.sleep(0.5)
        assert request.endings == [(0.3, 200)]  # rounded
        assert driver.cpu_used_s() == pytest.approx(0.2)
        await driver.close()

    run_virtual(main)


def test_a_real_instance_that_crashes_is_replaced_by_a_real_one() -> None:
    real = Real()

    async def play(stage: Stage) -> None:
        stage.replica_set.kill(1)
        await asyncio.sleep(20)
        assert len(real.launched) == 2
        assert stage.states() == "stopped active active active"
        stage.replica_set.kill(2)  # a simulated instance
        await asyncio.sleep(20)
        assert len(real.launched) == 2

    in_a_stage(real, play)


def test_a_real_instance_that_cannot_be_launched_does_not_count() -> None:
    async def main() -> None:
        real = Real()
        driver = MixedDriver(real, 1, lowest, Journal())
        real.rejects = True
        for _ in range(2):
            with pytest.raises(LaunchError, match="program = shop"):
                await driver.launch(SPEC)
        real.rejects = False
        await driver.launch(SPEC)
        await driver.launch(SPEC)
        assert len(real.launched) == 1

    run_virtual(main)


def test_an_instance_samples_responses_measured_at_the_same_or_the_nearest_load() -> None:
    shown = MeasuredBehaviour(lowest)
    assert shown.draw_answer(1) is None
    alone, crowded = MeasuredResponse(0.1, 200), MeasuredResponse(0.9, 503)
    shown.answer(1, alone)
    assert shown.draw_answer(200) == alone, "better than nothing"
    for outstanding in (5, 8):
        shown.answer(outstanding, crowded)
    assert [shown.draw_answer(outstanding) for outstanding in (1, 2, 3, 4, 6, 9)] == [
        alone, alone, crowded, crowded, crowded, crowded,
    ]  # fmt: skip


def test_old_response_samples_are_dropped() -> None:
    shown = MeasuredBehaviour(lowest)
    for number in range(ANSWERS_KEPT + 1):
        shown.answer(1, MeasuredResponse(float(number), 200))
    assert shown.draw_answer(1) == MeasuredResponse(1.0, 200)
    assert shown.answered == ANSWERS_KEPT + 1


def test_kept_response_samples_are_drawn_uniformly() -> None:
    draws = iter((0.0, 0.34, 0.99))
    shown = MeasuredBehaviour(lambda: next(draws))
    for number in range(3):
        shown.answer(1, MeasuredResponse(float(number), 200))
    assert [shown.draw_answer(1) for _ in range(3)] == [MeasuredResponse(float(number), 200) for number in range(3)]


def test_a_simulated_answer_has_the_status_that_a_real_one_had() -> None:
    async def main() -> None:
        driver = MixedDriver(Real(), 1, lowest, Journal())
        backend = await simulated_one(driver)
        driver._measured.answer(1, MeasuredResponse(0.25, 404))
        request = asked(backend)
        await asyncio.sleep(1)
        assert request.endings == [(0.25, 404)]

    run_virtual(main)


def test_an_ended_instance_does_not_respond_and_an_abandoned_request_still_takes_cpu() -> None:
    async def main() -> None:
        driver = MixedDriver(Real(), 1, lowest, Journal())
        backend = await simulated_one(driver)
        driver._measured.answer(1, MeasuredResponse(1.0, 200))
        driver._measured.answer(2, MeasuredResponse(7.0, 200))
        gone, second = asked(backend), asked(backend)
        backend.abort(gone)
        gone.open = False
        await asyncio.sleep(8)
        assert (gone.endings, second.endings) == ([], [(7.0, 200)])
        last = asked(backend)
        backend.kill()
        await asyncio.sleep(2)
        assert last.endings == []
        assert backend.exited.result().code == 137

    run_virtual(main)


def test_a_simulated_answer_uses_the_cpu_that_a_real_one_used() -> None:
    real = Real(SimulatedApplication(cpu=Constant(0.3)))

    async def play(stage: Stage) -> None:
        driver = stage.driver
        assert isinstance(driver, MixedDriver)
        stage.offer()  # for the real instance
        await asyncio.sleep(1)
        assert driver.cpu_used_s() == pytest.approx(0.3)
        for _ in range(3):
            stage.offer()
        await asyncio.sleep(2)
        assert driver.cpu_used_s() == pytest.approx(0.3 + 3 * 0.3)
        stage.pool.leave(stage.instance(1))
        stage.offer()  # no further real response, but a simulated one
        await asyncio.sleep(2)
        assert driver.cpu_used_s() == pytest.approx(1.5)

    in_a_stage(real, play)


def test_the_enforced_limits_say_that_the_rest_is_simulated() -> None:
    driver = MixedDriver(Real(), 3, lowest, Journal())
    assert driver.limits_in_force == "CPU and memory limits: none; instances beyond 3 are simulated"
