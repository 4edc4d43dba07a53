"""Answers of an endpoint as results for the batch sender: later, never, or accepted. A small HTTP server gives them."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest
import pytest_asyncio
from aiohttp import web

from simulator.telemetry.cloudwatch.endpoint import Endpoint, Rejected, Unreachable
from simulator.telemetry.cloudwatch.lines import LogLine, LogStream
from simulator.telemetry.cloudwatch.platform_view import ServiceIdentity
from simulator.telemetry.cloudwatch.points import Series
from simulator.telemetry.cloudwatch.send_queue import LinesBatch, PointsBatch
from simulator.telemetry.cloudwatch.settings import CloudWatchSettings
from simulator.world.clock import epoch_s


def points(*ages_s: float) -> PointsBatch:
    """Return points of minutes that began so many seconds ago."""
    web, now_s = ServiceIdentity("web", "0", "us-east-1"), epoch_s()
    return PointsBatch(
        "us-east-1", tuple(Series(web, now_s - age, 0.0).value("Requests", "Count", 1) for age in ages_s)
    )


# One endpoint for all tests, because botocore reads a megabyte of service model for each.
pytestmark = pytest.mark.asyncio(loop_scope="module")
numbers = count()


@pytest.fixture(scope="module", autouse=True)
def credentials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        yield


def lines(how_many: int = 1) -> LinesBatch:
    """Make lines for a stream that does not exist yet."""
    stream = LogStream("us-east-1", f"/aws/apprunner/web/{next(numbers)}/service", "events")
    return LinesBatch(stream, (LogLine(1_000, "a", 27),) * how_many)


class Answers:
    """Gives the answers in `next`, then empty ones; `asked` lists the operations."""

    def __init__(self) -> None:
        self.next: list[tuple[int, dict[str, object]]] = []
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.headers["x-amz-target"].partition(".")[2])
        await request.read()
        status, body = self.next.pop(0) if self.next else (200, {})
        return web.Response(status=status, body=json.dumps(body), content_type="application/x-amz-json-1.1")


Place = tuple[Answers, Endpoint]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def opened() -> AsyncIterator[Place]:
    answers, app = Answers(), web.Application()
    app.router.add_post("/", answers.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint = Endpoint(CloudWatchSettings(f"http://127.0.0.1:{runner.addresses[0][1]}"))
    try:
        await endpoint.open()
        yield answers, endpoint
    finally:
        await endpoint.close()
        await runner.cleanup()


@pytest.fixture
def place(opened: Place) -> Place:
    opened[0].next, opened[0].asked = [], []
    return opened


def fault(code: str) -> dict[str, object]:
    return {"__type": code, "message": "no"}


MISSING = (400, fault("ResourceNotFoundException"))
WELL: tuple[int, dict[str, object]] = (200, {})


async def test_a_group_and_a_stream_are_made_once(place: Place) -> None:
    (answers, endpoint), batch = place, lines()
    assert await endpoint.put_lines(batch) == await endpoint.put_lines(batch) == 0
    assert answers.asked == ["CreateLogGroup", "CreateLogStream", "PutLogEvents", "PutLogEvents"]


async def test_an_existing_group_and_stream_are_used(place: Place) -> None:
    answers, endpoint = place
    answers.next = [(400, fault("ResourceAlreadyExistsException"))] * 2
    assert await endpoint.put_lines(lines()) == 0


async def test_a_deleted_group_is_created_again(place: Place) -> None:
    (answers, endpoint), batch = place, lines()
    answers.next = [WELL, WELL, MISSING]
    assert await endpoint.put_lines(batch) == 0
    assert answers.asked == ["CreateLogGroup", "CreateLogStream", "PutLogEvents"] * 2
    answers.next = [MISSING, WELL, WELL, MISSING]
    with pytest.raises(Unreachable):
        await endpoint.put_lines(batch)


@pytest.mark.parametrize(
    ("told", "lost"),
    [
        ({"tooOldLogEventEndIndex": 3}, 3),
        ({"expiredLogEventEndIndex": 4, "tooOldLogEventEndIndex": 1}, 4),
        ({"tooNewLogEventStartIndex": 8}, 2),
        ({"tooOldLogEventEndIndex": 10}, 10),
    ],
)
async def test_lines_that_are_too_old_or_too_new_are_counted(place: Place, told: dict[str, int], lost: int) -> None:
    answers, endpoint = place
    answers.next = [WELL, WELL, (200, {"rejectedLogEventsInfo": told})]
    assert await endpoint.put_lines(lines(10)) == lost


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "Throttling"), (400, "ThrottlingException"), (400, "ExpiredToken"), (403, "AccessDenied"), (503, "Slow")],
)
async def test_throttling_and_server_errors_count_as_unreachable(place: Place, status: int, code: str) -> None:
    answers, endpoint = place
    answers.next = [(status, fault(code))]
    with pytest.raises(Unreachable, match=f"answers {code} to put_metric_data"):
        await endpoint.put_points(points(60))
    assert len(answers.asked) == 1  # once: the batch sender makes the pauses
    assert await endpoint.put_points(points(60)) == 0


async def test_an_invalid_request_is_not_sent_again(place: Place) -> None:
    answers, endpoint = place
    answers.next = [(400, fault("InvalidParameterValue"))]
    with pytest.raises(Rejected, match="answers InvalidParameterValue"):
        await endpoint.put_points(points(60))


async def test_points_that_are_too_old_are_counted_and_spoil_no_others(place: Place) -> None:
    (answers, endpoint), fortnight_s = place, 14 * 24 * 3600
    assert await endpoint.put_points(points(fortnight_s + 60, fortnight_s - 60)) == 1
    assert await endpoint.put_points(points(fortnight_s + 60)) == 1
    assert answers.asked == ["PutMetricData"]


async def test_an_unreachable_endpoint_is_reported_with_its_address() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nothing listens
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
        endpoint = Endpoint(CloudWatchSettings(nowhere, logs=False))
        try:
            with pytest.raises(Unreachable, match=f"{nowhere} cannot be called: "):
                await endpoint.put_points(points(60))
        finally:
            await endpoint.close()


async def test_a_missing_profile_is_reported_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "absent")
    endpoint = Endpoint(CloudWatchSettings("http://127.0.0.1:1"))
    with pytest.raises(OSError, match=r"cloudwatch: .*absent"):
        await endpoint.open()
    await endpoint.close()
