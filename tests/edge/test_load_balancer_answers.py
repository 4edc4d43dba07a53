"""A service behind an Application Load Balancer, with real HTTP messages over fake transports: its own answers, its
idle time-out, and that it tries no other target.
"""

from __future__ import annotations

import asyncio

import pytest

from simulator.fleet.pool.settings import PoolSettings
from simulator.model.rejection import CONNECT_FAILURE, CONNECT_TIMEOUT, Rejection
from simulator.rules.load_balancer.settings import ApplicationLoadBalancer
from tests.edge.front import OK, body_of, request, status_of
from tests.edge.service import Service
from tests.fleet.fakes import stage_settings
from tests.virtual import run_virtual, until

BEGINNING = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def behind(initial: int = 1, **given: float) -> PoolSettings:
    load_balancer = ApplicationLoadBalancer(**given)  # type: ignore[arg-type]
    return stage_settings(initial=initial, least=initial).behind(load_balancer)


def test_a_target_that_sends_nothing_for_the_idle_time_out_is_504() -> None:
    async def main() -> None:
        async with Service(behind()) as service:
            client = service.client()
            client.send(request())
            await asyncio.sleep(59.9)
            assert client.received() == b""
            await asyncio.sleep(0.2)
            answer = client.received()
            assert status_of(answer) == 504
            assert b"<title>504 Gateway Time-out</title>" in body_of(answer)
            assert b"content-type: text/html" in answer
            assert service.wires(1).transport.aborted
            assert service.pool.in_flight == 0

    run_virtual(main)


def test_each_byte_begins_the_idle_time_out_again_so_a_stream_has_no_total_limit() -> None:
    async def main() -> None:
        async with Service(behind(idle_timeout_s=10)) as service:
            client = service.client()
            client.send(request())
            await asyncio.sleep(9)
            service.wires(1).answer(BEGINNING)
            for _ in range(60):
                await asyncio.sleep(9)
                service.wires(1).answer(b"1\r\nx\r\n")
            service.wires(1).answer(b"0\r\n\r\n")
            answer = client.received()
            assert status_of(answer) == 200
            assert answer.count(b"x\r\n") == 60
            assert service.pool.in_flight == 0

    run_virtual(main)


def test_a_stream_that_stops_for_the_idle_time_out_is_cut() -> None:
    async def main() -> None:
        async with Service(behind(idle_timeout_s=10)) as service:
            client = service.client()
            client.send(request())
            service.wires(1).answer(BEGINNING)
            await asyncio.sleep(10.1)
            assert client.client.aborted
            assert service.pool.in_flight == 0

    run_virtual(main)


def test_a_client_that_stops_sending_its_body_gets_408() -> None:
    async def main() -> None:
        async with Service(behind(idle_timeout_s=10)) as service:
            client = service.client()
            client.send(request(b"POST", b"/", b"Content-Length: 9", body=b"abc"))
            await asyncio.sleep(9)
            client.send(b"d")
            await asyncio.sleep(9)
            assert client.received() == b""
            await asyncio.sleep(1.1)
            answer = client.received()
            assert status_of(answer) == 408
            assert b"408 Request Time-out" in body_of(answer)

    run_virtual(main)


@pytest.mark.parametrize(("rejection", "status"), [(CONNECT_FAILURE, 502), (CONNECT_TIMEOUT, 504)])
def test_a_target_without_a_connection_is_502_or_504_and_no_other_is_tried(rejection: Rejection, status: int) -> None:
    async def main() -> None:
        async with Service(behind(2)) as service:
            service.wires(1).rejects = rejection
            first, second = service.client(), service.client()
            first.send(request())
            assert status_of(first.received()) == status
            second.send(request())
            service.wires(2).answer(OK)
            assert status_of(second.received()) == 200

    run_virtual(main)


def test_a_target_that_ends_with_a_request_is_502() -> None:
    async def main() -> None:
        async with Service(behind()) as service:
            client = service.client()
            client.send(request(b"POST", b"/", b"Content-Length: 3", body=b"abc"))
            service.wired.backends[1].exit(1)
            await until(lambda: service.pool.in_flight == 0)
            answer = client.received()
            assert (status_of(answer), b"502 Bad Gateway" in body_of(answer)) == (502, True)

    run_virtual(main)


def test_an_invalid_response_is_502() -> None:
    async def main() -> None:
        async with Service(behind()) as service:
            client = service.client()
            client.send(request())
            service.wires(1).answer(b"NONSENSE\r\n\r\n")
            assert status_of(client.received()) == 502

    run_virtual(main)


def test_without_a_registered_target_the_answer_is_503() -> None:
    async def main() -> None:
        async with Service(stage_settings(initial=0, least=0).behind(ApplicationLoadBalancer())) as service:
            client = service.client()
            client.send(request())
            answer = client.received()
            assert (status_of(answer), b"503 Service Temporarily Unavailable" in body_of(answer)) == (503, True)

    run_virtual(main)
