"""All connections to one instance in virtual time: which one a request uses, how long it is kept, and its end."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable

import pytest

from simulator.model.data_plane import DataPlaneLimits
from simulator.model.rejection import CONNECT_FAILURE, CONNECT_TIMEOUT, EXHAUSTED, TERMINATED
from simulator.wire.origin import Origin
from simulator.wire.upstream import UpstreamConnection
from tests.virtual import rounds, run_virtual
from tests.wire.callers import FakeNetwork, RecordingCaller

LIMITS = DataPlaneLimits(upstream_idle_s=1.5, upstream_idle_max=2, connect_s=5.0)


class Running:
    """An origin on a fake network."""

    def __init__(self) -> None:
        self.network = FakeNetwork()
        self.origin = Origin("127.0.0.1", 8080, LIMITS)

    async def begin(self, caller: RecordingCaller | None = None) -> RecordingCaller:
        caller = caller or RecordingCaller()
        self.origin.begin(caller)
        await rounds(3)
        return caller

    async def served(self, number: int) -> RecordingCaller:
        """Serve one request on the connection with that number, counted from 0 in order of opening."""
        caller = await self.begin()
        assert len(self.network.transports) > number
        self.network.answer(number)
        assert caller.calls[-1] == (200, b"ok", True)
        return caller

    @property
    def opened(self) -> int:
        return len(self.network.transports)

    def is_cut(self, number: int) -> bool:
        return self.network.transports[number].aborted


def with_origin(test: Callable[[Running], Awaitable[None]]) -> None:
    async def main() -> None:
        running = Running()
        await test(running)
        await running.origin.close()
        assert len(asyncio.all_tasks()) == 1

    run_virtual(main)


def test_requests_one_after_the_other_share_a_connection() -> None:
    async def test(running: Running) -> None:
        for _ in range(5):
            await running.served(0)
        assert running.opened == 1

    with_origin(test)


def test_concurrent_requests_have_separate_connections() -> None:
    async def test(running: Running) -> None:
        for _ in range(3):
            await running.begin()
        assert running.opened == 3

    with_origin(test)


def test_the_most_recently_used_connection_is_taken_first() -> None:
    async def test(running: Running) -> None:
        await running.begin()
        await running.begin()
        running.network.answer(1)
        await asyncio.sleep(0.5)
        running.network.answer(0)
        caller = await running.begin()
        assert caller.link is running.network.transports[0].protocol

    with_origin(test)


def test_more_idle_connections_than_the_limit_are_closed() -> None:
    async def test(running: Running) -> None:
        for _ in range(3):
            await running.begin()
        for number in range(3):
            running.network.answer(number)
        assert [running.is_cut(number) for number in range(3)] == [False, False, True]

    with_origin(test)


def test_a_connection_is_closed_when_it_has_been_idle_for_the_limit() -> None:
    async def test(running: Running) -> None:
        await running.begin()
        await running.begin()
        running.network.answer(0)
        await asyncio.sleep(1.0)
        running.network.answer(1)
        await asyncio.sleep(0.49)
        assert not running.is_cut(0)
        await asyncio.sleep(0.02)
        assert (running.is_cut(0), running.is_cut(1)) == (True, False)
        await asyncio.sleep(1.0)
        assert running.is_cut(1)

    with_origin(test)


def test_a_request_whose_reused_connection_ended_is_sent_again_on_a_new_one() -> None:
    async def test(running: Running) -> None:
        await running.served(0)
        caller = await running.begin()
        running.network.end(0)
        await rounds(3)
        assert caller.calls == ["connected", "connected"]
        running.network.answer(1)
        assert caller.calls[-1] == (200, b"ok", True)

    with_origin(test)


def test_a_request_is_sent_again_only_once() -> None:
    async def test(running: Running) -> None:
        await running.served(0)
        caller = await running.begin()
        running.network.end(0)
        await rounds(3)
        running.network.end(1)
        assert caller.calls == ["connected", "connected", TERMINATED.name]

    with_origin(test)


def test_a_request_that_cannot_be_repeated_gets_a_new_connection_if_the_application_closes_idle_ones_early() -> None:
    async def test(running: Running) -> None:
        await running.served(0)
        await asyncio.sleep(0.05)
        running.network.end(0)  # sooner than a server that keeps connections open would
        await running.served(1)
        careful = await running.begin(RecordingCaller(safe=False))
        assert running.opened == 3
        assert careful.link is running.network.transports[2].protocol
        running.network.answer(2)
        await running.begin()  # a request that can be repeated uses an idle connection nevertheless
        assert running.opened == 3

    with_origin(test)


def test_an_idle_connection_with_unread_bytes_is_not_used_for_a_request_that_cannot_be_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(running: Running) -> None:
        await running.served(0)
        monkeypatch.setattr(UpstreamConnection, "has_news", lambda _link: True)
        await running.begin(RecordingCaller(safe=False))
        assert (running.opened, running.is_cut(0)) == (2, True)

    with_origin(test)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "no listener"), CONNECT_FAILURE.name),
        (OSError(errno.EMFILE, "too many open files"), EXHAUSTED.name),
        (OSError(errno.EADDRNOTAVAIL, "no local port"), EXHAUSTED.name),
    ],
)
def test_a_connection_that_cannot_be_opened_is_rejected_with_its_reason(error: OSError, name: str) -> None:
    async def test(running: Running) -> None:
        running.network.error = error
        caller = await running.begin()
        assert caller.calls == [name]
        assert caller.link is None

    with_origin(test)


def test_a_connection_that_takes_too_long_to_open_is_a_timeout() -> None:
    async def test(running: Running) -> None:
        running.network.delay_s = 6.0
        caller = await running.begin()
        await asyncio.sleep(4.9)
        assert caller.calls == []
        await asyncio.sleep(0.2)
        assert caller.calls == [CONNECT_TIMEOUT.name]

    with_origin(test)


def test_closing_cuts_every_connection_and_reports_whether_it_was_open() -> None:
    async def test(running: Running) -> None:
        await running.begin()
        await running.begin()
        running.network.answer(1)
        served = running.network.transports[0].protocol.caller
        running.network.delay_s = 1.0
        running.origin.begin_fresh(opening := RecordingCaller())
        await rounds(3)
        await running.origin.close()
        assert served.calls == ["connected", TERMINATED.name]
        assert opening.calls == [CONNECT_FAILURE.name]
        assert [running.is_cut(number) for number in range(2)] == [True, True]
        late = await running.begin()
        assert late.calls == [CONNECT_FAILURE.name]

    with_origin(test)
