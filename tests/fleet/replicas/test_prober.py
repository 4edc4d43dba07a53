from __future__ import annotations

import asyncio
import contextlib

import pytest

from simulator.fleet.ports import InstanceSpec
from simulator.fleet.replicas.prober import AT_ONCE_S, Prober
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.fleet.simulated.driver import SimulatedBackend
from simulator.model.health import HealthCheck
from simulator.model.sizes import InstanceSize
from simulator.rules.health import Health, Streak
from simulator.world.distributions import Constant
from tests.fleet.fakes import FakeBackend, FakeDriver
from tests.virtual import run_virtual


class ScriptedBackend(FakeBackend):
    """A backend that answers probes as scripted, `+` and `-`, then like the last one.

    It records the time of each probe.
    """

    def __init__(self, script: str, takes_s: float = 0.0) -> None:
        super().__init__(FakeDriver(), InstanceSpec("web", 1, InstanceSize()))
        self._script = script
        self._takes_s = takes_s
        self.asked_s: list[float] = []

    async def probe(self, check: HealthCheck) -> str | None:
        answer = self._script[min(len(self.asked_s), len(self._script) - 1)]
        self.asked_s.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self._takes_s)
        return None if answer == "+" else f"rejected at probe {len(self.asked_s)}"


async def healthy_until_failed(prober: Prober, number: int, backend: ScriptedBackend) -> str:
    """Probe an instance that is healthy until it is unhealthy; return why."""
    return await prober.until_changed(number, backend, Streak(prober.check, Health.HEALTHY))


def test_the_first_probe_is_at_the_launch_and_the_next_an_interval_later() -> None:
    async def main() -> list[float]:
        backend = ScriptedBackend("--+")
        await Prober(HealthCheck(interval_s=5)).until_healthy(1, backend)
        return backend.asked_s

    assert run_virtual(main) == [0.0, 5.0, 10.0]


def test_an_interval_counts_from_the_begin_of_a_probe() -> None:
    async def main() -> list[float]:
        backend = ScriptedBackend("--+", takes_s=2.0)
        await Prober(HealthCheck(interval_s=5)).until_healthy(1, backend)
        return backend.asked_s

    assert run_virtual(main) == [0.0, 5.0, 10.0]


def test_probes_do_not_overlap_when_they_take_longer_than_the_interval() -> None:
    async def main() -> list[float]:
        backend = ScriptedBackend("--+", takes_s=3.0)
        await Prober(HealthCheck(interval_s=1, timeout_s=5)).until_healthy(1, backend)
        return backend.asked_s

    assert run_virtual(main) == [0.0, 3.0, 6.0]


def test_it_takes_as_many_successes_in_a_row_as_the_threshold_says() -> None:
    async def main() -> int:
        backend = ScriptedBackend("++-+++")
        await Prober(HealthCheck(healthy_threshold=3)).until_healthy(1, backend)
        return len(backend.asked_s)

    assert run_virtual(main) == 6


def test_a_running_instance_is_probed_from_an_interval_after_it_became_ready() -> None:
    async def main() -> tuple[list[float], str]:
        backend = ScriptedBackend("+-+--")
        why = await healthy_until_failed(Prober(HealthCheck(interval_s=10, unhealthy_threshold=2)), 1, backend)
        return backend.asked_s, why

    assert run_virtual(main) == ([10.0, 20.0, 30.0, 40.0, 50.0], "rejected at probe 5")


@pytest.mark.parametrize(("failing", "asked"), [(1, 0), (0, 0), (2, 1)])
def test_a_timeline_makes_the_probes_of_one_or_all_instances_fail(failing: int, asked: int) -> None:
    async def main() -> int:
        backend = ScriptedBackend("+")
        prober = Prober(HealthCheck())
        prober.failing[failing] = None
        with pytest.raises(TimeoutError) if asked == 0 else contextlib.nullcontext():
            async with asyncio.timeout(100):
                await prober.until_healthy(1, backend)
        return len(backend.asked_s)

    assert run_virtual(main) == asked


def test_the_reported_reason_is_the_timelines_failure() -> None:
    async def main() -> str:
        prober = Prober(HealthCheck(unhealthy_threshold=1))
        prober.failing[0] = None
        return await healthy_until_failed(prober, 7, ScriptedBackend("+"))

    assert run_virtual(main) == "failed by the timeline"


def simulated(start_up_s: float) -> SimulatedBackend:
    application = SimulatedApplication(io=Constant(0.1))
    spec = InstanceSpec("web", 1, InstanceSize())
    return SimulatedBackend(application, spec, start_up_s, Undrawn(), iter(()))


class Undrawn:
    def draw(self, exchange: object) -> None:
        raise AssertionError(exchange)


@pytest.mark.case("L21", "L55")
@pytest.mark.parametrize(
    ("interval_s", "start_up_s", "ready_s"),
    [(0.0, 0.25, 0.25), (0.0, 0.0, 0.0), (0.05, 0.25, 0.25), (0.05, 4.96, 5.0), (1.0, 0.25, 1.0), (1.0, 4.0, 4.0),
     (1.0, 4.9, 5.0), (1.0, 5.1, 6.0), (5.0, 0.3, 5.0), (5.0, 5.1, 10.0), (None, 5.1, 10.0)],
)  # fmt: skip
def test_readiness_is_found_at_the_next_probe_of_the_platform(
    interval_s: float | None, start_up_s: float, ready_s: float
) -> None:
    async def main() -> float:
        await Prober(HealthCheck(interval_s=5), interval_s).until_healthy(1, simulated(start_up_s))
        return asyncio.get_running_loop().time()

    assert run_virtual(main) == pytest.approx(ready_s, abs=1e-9)


@pytest.mark.case("L21")
def test_after_the_first_success_the_interval_of_the_check_counts() -> None:
    async def main() -> list[float]:
        backend = ScriptedBackend("--+-+++")
        await Prober(HealthCheck(interval_s=5, healthy_threshold=3), 1.0).until_healthy(1, backend)
        return backend.asked_s

    assert run_virtual(main) == [0.0, 1.0, 2.0, 7.0, 8.0, 13.0, 18.0]


@pytest.mark.case("L21")
def test_an_application_whose_start_is_unknown_is_probed_often_on_an_immediate_platform() -> None:
    async def main() -> list[float]:
        backend = ScriptedBackend("--+")
        await Prober(HealthCheck(), 0.0).until_healthy(1, backend)
        return backend.asked_s

    assert run_virtual(main) == pytest.approx([0.0, AT_ONCE_S, 2 * AT_ONCE_S])


@pytest.mark.case("L21")
def test_an_instance_that_never_listens_is_probed_at_the_platforms_interval() -> None:
    async def main() -> float:
        backend = simulated(float("inf"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await Prober(HealthCheck(), 0.0).until_healthy(1, backend)
        return asyncio.get_running_loop().time()

    assert run_virtual(main) == pytest.approx(60)
