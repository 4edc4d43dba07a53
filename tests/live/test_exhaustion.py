"""Exhaustion of the balancer's own resources: it is logged and the client is told, and no instance is blamed for it."""

from __future__ import annotations

import asyncio
import errno
import logging
import os

import pytest

from simulator.model.health import HealthCheck, HealthProtocol
from simulator.wire import exhaustion
from simulator.wire.ca import CertificateAuthority
from simulator.wire.exhaustion import ExhaustionLog
from tests.edge.front import body_of, request, status_of
from tests.live.test_edge_tls import authority, platform, read_answer

__all__ = ["authority"]


@pytest.mark.case("B4", "R22")
@pytest.mark.row(125)
@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.EADDRNOTAVAIL])
async def test_exhaustion_of_the_simulator_is_reported_and_ejects_no_instance(
    authority: CertificateAuthority, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr("simulator.wire.origin.exhaustion_log", ExhaustionLog())
    async with platform(authority) as running:
        reader, writer = await running.connect()

        async def reject(*_: object, **__: object) -> None:
            raise OSError(code, os.strerror(code))

        with monkeypatch.context() as patched, caplog.at_level(logging.WARNING):
            patched.setattr(running.service._origin, "_loop", _Loop(reject))
            for method in (b"GET", b"POST", b"GET"):
                writer.write(request(method, b"/", b"Content-Length: 0"))
                answer = await read_answer(reader)
                assert status_of(answer) == 503
                assert b"load balancer has run out" in body_of(answer)
        assert (running.upstream.broken, running.upstream.exhausted) == (0, 3)
        assert len(caplog.records) == 1, "one line, however many requests"
        assert os.strerror(code) in caplog.text
        writer.write(request())
        assert status_of(await read_answer(reader)) == 200
        writer.close()


class _Loop:
    """The running loop, except for connections."""

    def __init__(self, connect: object) -> None:
        self.create_connection = connect
        self.time = asyncio.get_running_loop().time
        self.call_later = asyncio.get_running_loop().call_later


@pytest.mark.case("R22")
@pytest.mark.row(125)
def test_the_next_line_has_the_number_of_suppressed_ones(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [0.0]
    monkeypatch.setattr(exhaustion, "monotonic_s", lambda: now_s[0])
    log = ExhaustionLog()
    with caplog.at_level(logging.WARNING):
        for now_s[0] in (0.0, 1.0, 9.9, 10.0, 15.0):
            log.report(OSError(errno.EMFILE, "Too many open files"), "nothing works")
    first, second = (record.getMessage() for record in caplog.records)
    assert "Too many open files" in first
    assert "ulimit -n" in first
    assert "2 more times" in second


@pytest.mark.case("B4")
@pytest.mark.row(125)
@pytest.mark.parametrize("protocol", [HealthProtocol.TCP, HealthProtocol.HTTP])
async def test_a_probe_that_cannot_be_made_does_not_count(
    authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch, protocol: HealthProtocol
) -> None:
    monkeypatch.setattr("simulator.wire.probe._AGAIN_S", 0.001)
    async with platform(authority) as running:
        loop = asyncio.get_running_loop()
        connect, asked = loop.create_connection, 0

        async def exhausted(*args: object, **options: object) -> object:
            nonlocal asked
            asked += 1
            if asked <= 3:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return await connect(*args, **options)  # type: ignore[call-overload]

        monkeypatch.setattr(loop, "create_connection", exhausted)
        assert await running.service.probe(HealthCheck(protocol=protocol)) is None
        assert asked == 4
