"""The client is told what failed in TLS: alerts after the handshake, plain HTTP, a name with a trailing dot."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import pytest

from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.ca import CertificateAuthority
from tests.edge.front import HOST, body_of, request, status_of
from tests.live.test_edge_tls import NAME, authority, platform, read_answer
from tests.live.waiting import until
from tests.loops import both_loops

__all__ = ["authority"]

UPLOAD_BYTES = 20_000_000
PIECE = bytes(65536)


@pytest.mark.case("P22")
@pytest.mark.row(118)
@pytest.mark.parametrize("method", [b"GET", b"POST", b"HEAD", b"OPTIONS", b"DELETE", b"CONNECT"])
@both_loops
async def test_plain_http_on_the_tls_port_gets_an_explanation(authority: CertificateAuthority, method: bytes) -> None:
    async with platform(authority) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.tls.port)
        writer.write(request(method, b"/", b"Content-Length: %d" % UPLOAD_BYTES))
        answer = await read_answer(reader)
        assert status_of(answer) == 400
        assert b"https://" in body_of(answer)
        assert await reader.read() == b"", "our side has ended"
        writer.write(PIECE)  # the client may continue to send: the response is not lost by a reset
        await writer.drain()
        writer.close()
        await until(lambda: running.tls.connections == 0)
        reader, writer = await running.connect()  # and TLS is served as before
        writer.write(request())
        assert status_of(await read_answer(reader)) == 200
        writer.close()


@pytest.mark.case("P22")
@both_loops
async def test_a_silent_plain_client_occupies_no_connection(authority: CertificateAuthority) -> None:
    limits = DataPlaneLimits(linger_s=0.05, sweep_s=0.02)
    async with platform(authority, limits=limits) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.tls.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % HOST)
        assert status_of(await read_answer(reader)) == 400
        await until(lambda: running.tls.connections == 0)
        writer.close()


def records(version: ssl.TLSVersion) -> tuple[ssl.SSLObject, ssl.MemoryBIO, ssl.MemoryBIO]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    return context.wrap_bio(incoming, outgoing, server_hostname=NAME), incoming, outgoing


async def shake_hands(
    tls: ssl.SSLObject,
    incoming: ssl.MemoryBIO,
    outgoing: ssl.MemoryBIO,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            writer.write(outgoing.read())
            incoming.write(await reader.read(65536))
        else:
            writer.write(outgoing.read())
            return


# How a record is changed, and the expected alert; "alert": any alert that OpenSSL chooses.
BAD_RECORDS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "bad MAC": (lambda record: record[:-1] + bytes([record[-1] ^ 1]), "alert bad record mac"),
    "too large": (lambda _: b"\x17\x03\x03\x48\x01" + bytes(0x4801), "alert record overflow"),
    "unknown type": (lambda _: b"\x63\x03\x03\x00\x20" + bytes(32), "alert"),
    "empty alert": (lambda _: b"\x15\x03\x03\x00\x00", "alert"),
    "a second hello": (lambda _: b"\x16\x03\x03\x00\x04\x01\x00\x00\x00", "alert"),
}


@pytest.mark.case("B5")
@pytest.mark.row(117, 122)
@pytest.mark.parametrize("kind", BAD_RECORDS)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@both_loops
async def test_a_bad_record_after_the_handshake_gets_its_alert(
    authority: CertificateAuthority, kind: str, version: ssl.TLSVersion
) -> None:
    spoil, alert = BAD_RECORDS[kind]
    async with platform(authority) as running:
        tls, incoming, outgoing = records(version)
        reader, writer = await asyncio.open_connection("127.0.0.1", running.tls.port)
        await shake_hands(tls, incoming, outgoing, reader, writer)
        tls.write(request())
        writer.write(spoil(outgoing.read()))
        incoming.write(await reader.read())
        with pytest.raises(ssl.SSLError) as told:
            tls.read(65536)
        assert alert in str(told.value).lower().replace("_", " ")
        await until(lambda: running.tls.connections == 0)
        writer.close()


@pytest.mark.case("B8")
@pytest.mark.row(128)
@pytest.mark.parametrize("name", [NAME, NAME + ".", NAME.upper() + "."])
@both_loops
async def test_a_trailing_dot_of_a_name_is_ignored(authority: CertificateAuthority, name: str) -> None:
    async with platform(authority) as running:
        context = ssl.create_default_context(cafile=str(authority.certificate_path))
        context.check_hostname = False  # the client's own rule about the dot is not under test
        reader, writer = await asyncio.open_connection("127.0.0.1", running.tls.port, ssl=context, server_hostname=name)
        shown = ssl.DER_cert_to_PEM_cert(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
        names = writer.get_extra_info("ssl_object").getpeercert()["subjectAltName"]
        assert ("DNS", NAME) in names, shown
        writer.write(b"GET / HTTP/1.0\r\n\r\n")  # without a Host field, the server name of TLS selects the service
        assert body_of(await read_answer(reader)) == b"hello"
        writer.close()
