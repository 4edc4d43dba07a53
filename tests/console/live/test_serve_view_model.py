"""What the page of `simulator serve` is told about its services, in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from simulator.assembly.control_plane import ControlPlane
from simulator.assembly.serving import Serving
from simulator.console.live.serve_view_model import LATELY_S, SECONDS_KEPT, ServeViewModel
from simulator.edge.access_log_entry import AccessLogEntry
from simulator.edge.live.front import Front
from simulator.model.sizes import InstanceSize
from simulator.model.times import NOT_YET, LoopTime
from simulator.records.events import EventLogged
from simulator.rules.pricing import Rates
from simulator.wire.http1.request import RequestHead
from simulator.world.running_loop import running_loop
from tests.platform.test_service_workload import Request, World
from tests.virtual import run_virtual

RATES = Rates(provisioned_gb_hour=0.01, active_vcpu_hour=0.1, active_gb_hour=0.02)


class Page:
    """The view model of a service that runs, and what the front would tell it while a page is open."""

    def __init__(self, world: World, arn: str, rates: Rates | None) -> None:
        self.world, self.arn = world, arn
        self.service = world.service(arn)
        self.name = self.service.name
        plane = cast("ControlPlane", world.stage)  # it has the registry, the API, the store and the clock
        self.model = ServeViewModel(Serving(world.platform, world.workload, plane), rates)
        self.hear: Callable[[AccessLogEntry], None] | None = None

    def attended(self, *, present: bool) -> None:
        """Open or close the page, with a front that only tells of requests."""
        front, self.world.platform.front = (
            self.world.platform.front,
            cast("Front", SimpleNamespace(observe_access_log=self._observed)),
        )
        self.model.attended(present=present)
        self.world.platform.front = front

    def _observed(self, hear: Callable[[AccessLogEntry], None] | None) -> None:
        self.hear = hear

    async def requests(self, count: int, every_s: float = 0.1) -> Counter[int]:
        outcomes: Counter[int] = Counter()
        for _ in range(count):
            request = Request(self.service, outcomes)
            request.upstream.offer(request)
            await asyncio.sleep(every_s)
        return outcomes

    def ended(self, status: int, latency_s: float, host: str = "") -> None:
        """Tell it of a request that has ended just now."""
        assert self.hear is not None
        now_s = running_loop().time()
        head = SimpleNamespace(authority=f"{host or self.service.host}:443".encode())
        begun_s, ended_s = (LoopTime(now_s - latency_s), LoopTime(now_s))
        times = (begun_s, begun_s, NOT_YET, ended_s, 0.0)
        self.hear(AccessLogEntry(cast("RequestHead", head), b"", status, "", *times, 0, 0, 1, "", b""))

    def series(self) -> dict[str, Any]:
        self.model.flush()
        return self.model.series(self.name)


def on_page(test: Callable[[Page], Awaitable[None]], rates: Rates | None = None) -> None:
    async def main() -> None:
        async with World() as world:
            arn = await world.running()
            page = Page(world, arn, rates)
            await test(page)

    run_virtual(main)


def test_a_service_is_described_by_its_resource() -> None:
    async def test(page: Page) -> None:
        about = page.model.about_service(page.name)
        assert (about["arn"], about["status"]) == (page.arn, "RUNNING")
        assert (about["cpu"], about["memory_gb"]) == (1, 2)
        assert about["policy"] == "app-runner"
        assert page.model.size("unused") == InstanceSize()
        assert page.model.resource("unused") is None

    on_page(test)


def test_the_seconds_of_a_service_add_up_to_its_requests() -> None:
    async def test(page: Page) -> None:
        await page.requests(100)
        await asyncio.sleep(3.0)
        series = page.series()
        assert sum(series["offered"]) == 100
        assert sum(series["rejected"]) == 0
        assert sum(series["served"]) == 100
        assert series["width_s"] == 1
        assert max(series["in_flight"]) == pytest.approx(5, abs=1)  # 10 requests/s of half a second
        assert series["ready"][-1] == 1

    on_page(test)


def test_latencies_are_known_only_while_a_page_is_open() -> None:
    async def test(page: Page) -> None:
        await page.requests(20)
        page.attended(present=True)
        for _ in range(10):
            page.ended(200, 0.25)
        page.ended(503, 0.25)
        page.ended(200, 9.0, host="another.example.com")
        await page.requests(20)
        await asyncio.sleep(2.0)
        series = page.series()
        known = [p50_s for p50_s in series["p50_s"] if p50_s is not None]
        assert known == pytest.approx([0.25], rel=0.05), "requests to other hosts are unused's"
        assert sum(series["failed"]) == 1
        page.attended(present=False)
        assert page.hear is None

    on_page(test)


def test_the_present_rate_is_the_mean_of_the_last_seconds() -> None:
    async def test(page: Page) -> None:
        assert page.model.recent(page.name).offered_rps == 0
        await page.requests(100)  # ten seconds of ten requests
        assert page.model.recent(page.name).offered_rps == pytest.approx(10, abs=0.5)
        await asyncio.sleep(LATELY_S + 1)
        assert page.model.recent(page.name).offered_rps == 0

    on_page(test)


def test_what_is_shown_ends_now_and_is_between_a_quarter_and_half_an_hour_long() -> None:
    async def test(page: Page) -> None:
        await page.requests(5)
        await asyncio.sleep(2.5 * SECONDS_KEPT)
        series = page.series()
        shown = len(series["offered"])
        assert SECONDS_KEPT <= shown <= 2 * SECONDS_KEPT
        assert sum(series["offered"]) == 0
        assert series["from_s"] + shown == int(page.world.platform.clock.at_s())

    on_page(test)


def test_an_hour_of_the_present_instances_costs_the_rates_that_are_given() -> None:
    async def test(page: Page) -> None:
        await page.requests(100)
        await asyncio.sleep(120.0)
        series = page.series()
        # One instance of 1 vCPU and 2 GB: active while it has requests, then provisioned only.
        assert series["usd_per_hour"][-1] == pytest.approx(2 * 0.01)
        assert max(usd for usd in series["usd_per_hour"] if usd is not None) == pytest.approx(0.1 + 2 * 0.02)
        assert page.model.rates(page.name) == RATES

    on_page(test, RATES)


def test_lines_of_the_event_log_become_events_once() -> None:
    async def test(page: Page) -> None:
        heard: list[EventLogged] = []
        page.world.platform.journal.subscribe(EventLogged, heard.append)
        page.series()
        first = [event.line for event in heard if event.service == page.name]
        assert any("Service" in line or "Deployment" in line for line in first), first
        assert not any(line.startswith("[AppRunner]") for line in first)
        page.series()
        assert [event.line for event in heard if event.service == page.name] == first

    on_page(test)


def test_operations_are_listed_with_their_times_of_the_run() -> None:
    async def test(page: Page) -> None:
        version = page.model.version()
        (created,) = page.model.operations() or []
        assert (created["type"], created["status"], created["service"]) == ("CREATE_SERVICE", "SUCCEEDED", page.name)
        assert created["at_s"] <= created["ended_s"] <= page.world.platform.clock.at_s()
        page.world.stage.call("PauseService", ServiceArn=page.arn)
        await page.world.stage.settled()
        assert [row["type"] for row in page.model.operations() or ()] == ["CREATE_SERVICE", "PAUSE_SERVICE"]
        assert page.model.version() > version
        assert page.model.about_service(page.name)["status"] == "PAUSED"

    on_page(test)
