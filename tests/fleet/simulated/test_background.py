"""Background work of a simulated instance, compared with arithmetic: CPU seconds divided by the share of the CPU."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from simulator.fleet.ports import InstanceSpec
from simulator.fleet.simulated.application import JOBS_MAX, BackgroundWork, SimulatedApplication
from simulator.fleet.simulated.background import ServiceBackground
from simulator.fleet.simulated.driver import SimulatedBackend
from simulator.fleet.simulated.simulated_drivers import SimulatedDrivers
from simulator.model.sizes import InstanceSize
from simulator.model.times import RunTime
from simulator.records.background.background_stats import BackgroundStats, WorkStats
from simulator.records.events import BackgroundLogged
from simulator.records.journal import Journal
from simulator.rules.stations.cpu_quota import CpuQuota
from simulator.world.distributions import Constant, Uniform
from simulator.world.random_streams import RandomStreams
from simulator.world.running_loop import running_loop
from tests.fleet.simulated.test_driver import Request
from tests.virtual import run_virtual

EVERY_10_S = BackgroundWork("cache", Constant(0.2), every_s=10.0)
MAIL = BackgroundWork("mail", Constant(1.0), request_share=1.0)
IDLE_VCPU = 0.05

Play = Callable[[SimulatedBackend], Coroutine[Any, Any, None]]


def played(
    play: Play, *works: BackgroundWork, until_s: float = 100.0, **given: Any
) -> tuple[dict[str, WorkStats], list[tuple[RunTime, str]]]:
    """Return the counts by name and the log, after `play` has had the instance until `until_s`."""
    journal, stats = Journal(), BackgroundStats()
    stats.follow(journal)

    async def main() -> None:
        at_s = lambda: RunTime(running_loop().time())  # noqa: E731
        drivers = SimulatedDrivers(RandomStreams(1), journal, at_s)
        driver = drivers.new(SimulatedApplication(background=works, **given), "web")
        await play(await driver.launch(InstanceSpec("web", 1, InstanceSize())))
        await asyncio.sleep(until_s - running_loop().time())
        stats.end(running_loop().time())

    run_virtual(main)
    logged = [(event.at_s, event.line) for event in journal.events if isinstance(event, BackgroundLogged)]
    return {name: each for (_, name), each in stats.works.items()}, logged


async def nothing(_: SimulatedBackend) -> None: ...


async def until(at_s: float) -> None:
    await asyncio.sleep(at_s - running_loop().time())


def test_an_active_instance_does_its_jobs_at_once() -> None:
    stats, logged = played(nothing, EVERY_10_S, until_s=95.0, start_up=Constant(2.0))
    cache = stats["cache"]
    assert (cache.due, cache.finished, cache.unfinished) == (9, 9, 0)  # at 12, 22, ... 92 s
    assert cache.delays.max_s == pytest.approx(0.2)
    assert cache.cpu_s == pytest.approx(9 * 0.2)
    assert cache.stalled_s == 0
    assert logged == []


def test_an_idle_instance_does_them_at_its_idle_share() -> None:
    async def idle(backend: SimulatedBackend) -> None:
        backend.throttle()

    cache = played(idle, EVERY_10_S, until_s=95.0)[0]["cache"]
    assert (cache.due, cache.finished) == (9, 9)
    assert cache.delays.max_s == pytest.approx(0.2 / IDLE_VCPU)
    assert cache.stalled_s == pytest.approx(9 * 0.2 / IDLE_VCPU)


def test_a_job_continues_at_full_speed_when_the_instance_wakes() -> None:
    async def play(backend: SimulatedBackend) -> None:
        backend.throttle()
        await until(12.0)  # the job that is due at 10 s has used 0.1 s
        assert backend.wake() == 0.5
        await until(12.45)
        backend.throttle()  # nothing is restored yet, and nothing is restored any more
        await until(13.0)
        backend.wake()

    stats, logged = played(play, EVERY_10_S, until_s=15.0, wake=Constant(0.5))
    assert stats["cache"].delays.max_s == pytest.approx(3.5 + 0.2 - 3.5 * IDLE_VCPU)
    assert stats["cache"].stalled_s == pytest.approx(3.5)
    assert logged == [(13.5, "Background work: instance 1 has its CPU again after 13.5 s, 1 of cache unfinished.")]


def test_a_frozen_instance_does_nothing_and_its_timer_fires_once_when_it_wakes() -> None:
    async def play(backend: SimulatedBackend) -> None:
        await until(10.1)
        backend.throttle()
        await until(55.0)
        backend.wake()

    stats, logged = played(play, EVERY_10_S, until_s=59.0, idle_vcpu=0.0)
    cache = stats["cache"]
    assert (cache.due, cache.missed, cache.finished, cache.unfinished) == (2, 1, 1, 0)
    assert cache.delays.max_s == pytest.approx(45.1)  # 0.1 s before, 0.1 s afterwards
    assert cache.stalled_s == pytest.approx(44.9)
    assert [at_s for at_s, _ in logged] == [10.1, 55.0]


def test_without_throttling_an_idle_instance_keeps_its_cpu() -> None:
    async def idle(backend: SimulatedBackend) -> None:
        backend.throttle()

    cache = played(idle, EVERY_10_S, until_s=95.0, idle_vcpu=None)[0]["cache"]
    assert (cache.finished, cache.stalled_s) == (9, 0)


@pytest.mark.parametrize("quota", [None, CpuQuota(0.1, 2)], ids=["shared", "quota"])
def test_jobs_and_requests_share_the_cpu(quota: CpuQuota | None) -> None:
    ends: list[tuple[float, int]] = []

    async def play(backend: SimulatedBackend) -> None:
        backend.begin(Request(ends))
        await until(1.0)
        backend.begin(Request(ends))

    mail = played(play, MAIL, until_s=20.0, cpu=Constant(0.4), cpu_quota=quota)[0]["mail"]
    # The first answer at 0.4 s starts a job of 1 s. The second request and this job share one vCPU from 1 s on, when
    # the job lacks 0.4 s: both end at 1.8 s. The job of the second answer has the CPU for itself.
    assert [end_s for end_s, _ in ends] == [pytest.approx(0.4), pytest.approx(1.8, abs=0.06)]
    assert (mail.due, mail.finished) == (2, 2)
    assert mail.delays.max_s == pytest.approx(1.4, abs=0.06)


def test_the_idle_share_of_an_instance_with_a_quota_is_a_quota_too() -> None:
    async def idle(backend: SimulatedBackend) -> None:
        backend.throttle()

    cache = played(idle, EVERY_10_S, until_s=15.0, cpu_quota=CpuQuota(0.1, 2))[0]["cache"]
    # 40 periods with 5 ms each: the job ends 5 ms after the begin of the last one
    assert cache.delays.max_s == pytest.approx(3.905, abs=0.001)


def test_a_job_at_an_interval_is_missed_while_the_previous_one_is_unfinished() -> None:
    async def idle(backend: SimulatedBackend) -> None:
        backend.throttle()

    every_second = BackgroundWork("poll", Constant(0.2), every_s=1.0)
    poll = played(idle, every_second, until_s=21.5)[0]["poll"]
    # A job takes 4 s. The job that is due when the previous one ends is missed or not by rounding, so 4 or 5 s each.
    assert poll.due == 21
    assert poll.finished + poll.missed + poll.unfinished == 21
    assert (poll.unfinished_max, 4 <= poll.finished <= 5) == (1, True)


def test_unfinished_jobs_are_lost_with_their_instance() -> None:
    ends: list[tuple[float, int]] = []

    async def play(backend: SimulatedBackend) -> None:
        for _ in range(3):
            backend.begin(Request(ends))
        await until(1.5)
        backend.throttle()
        await until(2.0)
        backend.kill()

    stats, logged = played(play, MAIL, EVERY_10_S, until_s=50.0)
    mail = stats["mail"]
    assert (mail.due, mail.finished, mail.lost, mail.unfinished) == (3, 1, 2, 0)
    assert mail.stalled_s == pytest.approx(0.5)
    assert logged[-1] == (2.0, "Background work: instance 1 has ended, 2 of mail lost.")
    assert "cache" not in stats  # no job is due after the end


def test_the_number_of_unfinished_jobs_is_bounded() -> None:
    ends: list[tuple[float, int]] = []

    async def play(backend: SimulatedBackend) -> None:
        for _ in range(JOBS_MAX + 5):
            backend.begin(Request(ends))

    mail = played(play, MAIL, until_s=0.5)[0]["mail"]
    assert (mail.due, mail.missed, mail.unfinished) == (JOBS_MAX + 5, 5, JOBS_MAX)


def test_a_share_of_the_answers_has_jobs() -> None:
    ends: list[tuple[float, int]] = []

    async def play(backend: SimulatedBackend) -> None:
        for _ in range(1000):
            backend.begin(Request(ends))

    half = BackgroundWork("mail", Constant(0.001), request_share=0.5)
    mail = played(play, half)[0]["mail"]
    assert 440 < mail.due < 560
    assert mail.finished == mail.due


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, "neither, must have either `every` or `after_requests`"),
        ({"every_s": 1.0, "request_share": 0.5}, "both, must have either"),
        ({"every_s": 0.0}, "every of background work w = 0 s, must be above 0"),
        ({"request_share": 1.5}, "after_requests of background work w = 1.5, must be above 0, at most 1"),
    ],
)
def test_invalid_background_work_is_rejected(given: dict[str, float], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        BackgroundWork("w", Constant(1.0), **given)


def test_each_work_of_each_service_has_streams_of_its_own() -> None:
    works = tuple(BackgroundWork(name, Uniform(0.0, 1.0), every_s=10.0) for name in ("cache", "mail"))

    def drawn(service: str) -> list[float]:
        application = SimulatedApplication(background=works)
        given = ServiceBackground(application, RandomStreams(1), service, Journal(), lambda: RunTime(0.0))
        return [next(draws) for _, *both in given.works for draws in both]

    assert drawn("web") == drawn("web")
    assert len({*drawn("web"), *drawn("api")}) == 2 * 2 * 2
