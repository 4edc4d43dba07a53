from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable

import pytest

from simulator.edge.access_log import AccessLog
from simulator.edge.access_log_entry import AccessLogEntry, own_entry
from simulator.model.rejection import CONNECT_FAILURE, TERMINATED
from simulator.model.times import LoopTime
from tests.edge.front import Front, request
from tests.loops import both_loops


def number_line(entry: AccessLogEntry, _: float) -> bytes:
    return b"%d %b\n" % (entry.status, entry.cause.encode())


class Disk(io.RawIOBase):
    """A file that takes at most `most` bytes per write, blocks at its gate, and fails when the test wants."""

    def __init__(self, most: int = 1 << 20) -> None:
        super().__init__()
        self.content = bytearray()
        self.gate = threading.Event()
        self.gate.set()
        self.written = threading.Event()
        self.failed = threading.Event()
        self.error: OSError | None = None
        self._most = most

    def write(self, data: object) -> int:
        self.gate.wait(10)
        if self.error is not None:
            self.failed.set()
            raise self.error
        piece = bytes(data)[: self._most]  # type: ignore[call-overload]
        self.content += piece
        self.written.set()
        return len(piece)

    def lines(self) -> list[bytes]:
        return bytes(self.content).splitlines()


def log_on(disk: Disk, line: Callable[[AccessLogEntry, float], bytes] = number_line) -> AccessLog:
    return AccessLog(disk, line, lambda: 0.0)


def add(log: AccessLog, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        log.add(own_entry(None, b"", number, "", LoopTime(0.0), 0))


@both_loops
async def test_every_entry_is_a_line_in_order() -> None:
    disk = Disk(most=7)  # the file takes a part at a time
    log = log_on(disk)
    add(log, 500)
    await log.close()
    assert disk.lines() == [b"%d " % number for number in range(500)]
    assert log.dropped == 0


@both_loops
async def test_lines_are_written_while_the_log_is_open() -> None:
    disk = Disk()
    log = log_on(disk)
    add(log, 1)
    assert await asyncio.get_running_loop().run_in_executor(None, disk.written.wait, 5)
    add(log, 1, first=1)
    await log.close()
    assert disk.lines() == [b"0 ", b"1 "]


@both_loops
async def test_an_entry_does_not_wait_for_the_disk_and_dropped_entries_are_counted() -> None:
    disk = Disk()
    disk.gate.clear()
    log = AccessLog(disk, lambda entry, _: b"%099d\n" % entry.status, lambda: 0.0, buffer_bytes_max=4000)
    add(log, 10_000)
    assert log.dropped == 10_000 - 40
    disk.gate.set()
    await log.close()
    assert len(disk.lines()) == 40


@both_loops
async def test_a_full_disk_is_reported_and_counted() -> None:
    disk = Disk()
    disk.error = OSError(28, "No space left on device")
    log = log_on(disk)
    add(log, 3)
    await log.close()
    assert (log.dropped, log.error) == (3, "[Errno 28] No space left on device")


@pytest.mark.case("R12")
@both_loops
async def test_a_temporarily_full_disk_loses_no_line() -> None:
    disk = Disk(most=3)
    log = log_on(disk)
    disk.error = OSError(28, "No space left on device")
    add(log, 3)
    assert await asyncio.get_running_loop().run_in_executor(None, disk.failed.wait, 10)
    disk.error = None
    add(log, 1, first=3)
    await log.close()
    assert (log.dropped, disk.lines()) == (0, [b"0 ", b"1 ", b"2 ", b"3 "])


@both_loops
async def test_a_disk_that_does_not_respond_does_not_block_the_end() -> None:
    disk = Disk()
    disk.gate.clear()
    log = AccessLog(disk, number_line, lambda: 0.0, last_write_s_max=0.05)
    add(log, 3)
    await log.close()
    assert "has not taken a write" in log.error
    disk.gate.set()


async def logged(play: Callable[[Front], None]) -> list[bytes]:
    """Return the lines that are logged while `play` uses a front."""
    disk = Disk()
    log = log_on(disk)
    play(Front(access_log=log))
    await log.close()
    return disk.lines()


@both_loops
async def test_a_response_is_logged_when_its_last_byte_has_been_sent() -> None:
    def play(front: Front) -> None:
        front.send(request())
        front.answer(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\no")
        assert isinstance(front.gateway.access_log, AccessLog)
        assert front.gateway.access_log._entries == []
        front.answer(b"k")

    assert await logged(play) == [b"201 "]


@both_loops
async def test_local_replies_are_logged() -> None:
    def play(front: Front) -> None:
        front.send(b"GET / HTTP/1.1\r\nHost: absent.example\r\n\r\n")
        front.send(request(b"TRACE"))
        front.send(b"nonsense\n")

    assert await logged(play) == [b"404 no route", b"501 ", b"400 request error"]


@both_loops
async def test_rejections_and_broken_responses_are_logged_once_with_their_cause() -> None:
    def play(front: Front) -> None:
        front.instance.rejects = CONNECT_FAILURE
        front.send(request())
        front.instance.rejects = None
        front.send(request())
        front.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
        front.instance.links[-1].reject(TERMINATED)
        front.client.lose()

    assert await logged(play) == [b"503 connect failure", b"200 connection termination"]


@both_loops
async def test_a_client_that_disconnects_is_logged_once() -> None:
    def play(front: Front) -> None:
        front.send(request())
        front.client.lose()

    assert await logged(play) == [b"0 client gone"]


@both_loops
async def test_a_request_with_an_invalid_body_is_logged_once() -> None:
    def play(front: Front) -> None:
        front.send(request(b"POST", b"/", b"Transfer-Encoding: chunked", body=b"zz\r\n"))
        front.send(request(b"POST", b"/", b"Transfer-Encoding: chunked"))

    assert await logged(play) == [b"400 request error"]


@both_loops
async def test_sizes_are_those_of_the_bodies() -> None:
    disk = Disk()
    log = log_on(disk, lambda entry, _: b"%d %d\n" % (entry.received_bytes, entry.sent_bytes))
    front = Front(access_log=log)
    front.send(request(b"POST", b"/", b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n"))
    front.send(b"2\r\nde\r\n0\r\n\r\n")
    front.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n")
    front.answer(b"3\r\nefg\r\n0\r\n\r\n")
    await log.close()
    assert disk.lines() == [b"5 7"]
