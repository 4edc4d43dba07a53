"""Sections I and J of the checklist, as far as the pool decides: the limit of 120 s, failures, draining, balancing.

In virtual time, without sockets; tests that need the network are in tests/live.
"""

from __future__ import annotations

import asyncio

import pytest

from simulator.model.rejection import CONNECT_FAILURE, TERMINATED, TIMEOUT
from simulator.rules.ejection import EjectionSettings
from tests.edge.front import OK, body_of, request, status_of
from tests.edge.service import Service, WiredConnections
from tests.fleet.fakes import stage_settings
from tests.virtual import run_virtual, until

POST = request(b"POST", b"/", b"Content-Length: 3", body=b"abc")


@pytest.mark.row(103)
def test_a_response_after_100_seconds_is_delivered() -> None:
    async def main() -> None:
        async with Service(stage_settings()) as service:
            client = service.client()
            client.send(request())
            await asyncio.sleep(100)
            service.wires(1).answer(OK)
            assert status_of(client.received()) == 200

    run_virtual(main)


@pytest.mark.row(103)
@pytest.mark.parametrize("message", [request(), POST, request(b"POST", b"/", b"Content-Length: 9", body=b"abc")])
def test_without_a_response_the_client_gets_504_after_120_seconds(message: bytes) -> None:
    async def main() -> None:
        async with Service(stage_settings()) as service:
            client = service.client()
            client.send(message)
            await asyncio.sleep(119.9)
            assert client.received() == b""
            await asyncio.sleep(0.2)
            answer = client.received()
            assert (status_of(answer), body_of(answer)) == (504, TIMEOUT.body.encode())
            assert service.wires(1).transport.aborted

    run_virtual(main)


@pytest.mark.row(103)
def test_a_response_that_is_incomplete_after_120_seconds_is_cut() -> None:
    async def main() -> None:
        async with Service(stage_settings()) as service:
            client = service.client()
            client.send(request())
            service.wires(1).answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(119):
                service.wires(1).answer(b"1\r\nx\r\n")
                await asyncio.sleep(1)
            assert not client.client.closing
            await asyncio.sleep(2)
            assert client.client.aborted
            assert not client.received().endswith(b"0\r\n\r\n")
            assert service.pool.in_flight == 0

    run_virtual(main)


@pytest.mark.row(108)
@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"PUT", b"DELETE", b"OPTIONS"])
def test_an_idempotent_request_is_retried_after_a_closed_idle_connection(method: bytes) -> None:
    async def main() -> None:
        async with Service(stage_settings()) as service:
            client, wires = service.client(), service.wires(1)
            client.send(request())
            wires.answer(OK)
            client.received()
            client.send(request(method))
            wires.transport.lose()
            assert len(wires.links) == 2
            assert wires.transport.take().startswith(method + b" / ")
            wires.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            assert client.received().startswith(b"HTTP/1.1 200 OK\r\n")

    run_virtual(main)


@pytest.mark.row(109)
@pytest.mark.parametrize("method", [b"POST", b"PATCH", b"LOCK"])
@pytest.mark.parametrize("reused", [False, True])
def test_a_request_that_is_not_idempotent_is_never_sent_twice(method: bytes, reused: bool) -> None:
    async def main() -> None:
        async with Service(stage_settings(initial=2, least=2)) as service:
            client, all_wires = service.client(), [service.wires(1), service.wires(2)]
            for wires in all_wires if reused else []:  # so each instance has an idle connection
                client.send(request())
                wires.answer(OK)
                wires.transport.take()
            client.received()
            client.send(request(method, b"/", b"Content-Length: 3", body=b"abc"))
            next(each for wires in all_wires for each in wires.transports if each.written).lose()
            await asyncio.sleep(10)
            # Envoy, and so App Runner, responds with 503 if a connection ended before the response.
            answer = client.received()
            assert (status_of(answer), body_of(answer)) == (503, TERMINATED.body.encode())
            sent = b"".join(each.take() for wires in all_wires for each in wires.transports)
            assert sent.count(method + b" / ") == 1

    run_virtual(main)


@pytest.mark.row(110)
def test_the_number_of_attempts_of_a_request_is_bounded() -> None:
    async def main() -> None:
        async with Service(stage_settings(capacity=100, initial=6, least=6)) as service:
            for number in range(1, 7):
                service.wires(number).rejects = CONNECT_FAILURE
            client = service.client()
            client.send(request())
            await asyncio.sleep(10)
            assert 1 <= sum(len(service.wires(number).links) for number in range(1, 7)) <= 3
            assert status_of(client.received()) == 503

    run_virtual(main)


@pytest.mark.row(110)
def test_no_request_is_retried_after_a_byte_of_the_response() -> None:
    async def main() -> None:
        async with Service(stage_settings(initial=2, least=2)) as service:
            client = service.client()
            client.send(request())
            took = next(wires for wires in (service.wires(1), service.wires(2)) if wires.links)
            took.answer(b"HTTP/1.1 2")
            took.transport.lose()
            await asyncio.sleep(10)
            assert len(service.wires(1).links) + len(service.wires(2).links) == 1
            assert status_of(client.received()) == 502

    run_virtual(main)


@pytest.mark.row(112)
def test_a_removed_instance_finishes_its_requests_and_gets_no_new_ones() -> None:
    async def main() -> None:
        async with Service(stage_settings(capacity=10, initial=2)) as service:
            clients = [service.client() for _ in range(4)]
            for client in clients:
                client.send(request())
            leaving = service.wires(2)
            assert len(leaving.links) == 2
            service.replica_set.resize(1)
            late = [service.client() for _ in range(6)]
            for client in late:
                client.send(request())
            assert len(leaving.links) == 2
            await asyncio.sleep(110)
            for wires in (service.wires(1), leaving):
                for link in list(wires.links):
                    link.data_received(OK)
            assert [status_of(client.received()) for client in [*clients, *late]] == [200] * 10
            await until(lambda: service.states() == "active stopped")

    run_virtual(main)


@pytest.mark.row(114)
def test_requests_are_balanced_by_the_outstanding_requests_of_the_instances() -> None:
    async def main() -> None:
        async with Service(stage_settings(capacity=3, initial=4, least=4)) as service:
            for each in range(1, 13):
                service.client().send(request())
                open_ = sorted(len(service.wires(number).links) for number in range(1, 5))
                assert open_[-1] - open_[0] <= 1, f"after {each}"
            client = service.client()
            client.send(request())
            answer = client.received()
            assert (status_of(answer), body_of(answer)) == (429, b"Too Many Requests")

    run_virtual(main)


@pytest.mark.row(107)
@pytest.mark.parametrize("message", [request(), POST])
def test_a_request_whose_instance_rejects_the_connection_is_served_by_another(message: bytes) -> None:
    async def main() -> None:
        async with Service(stage_settings(initial=2, least=2)) as service:
            service.wires(1).rejects = CONNECT_FAILURE
            for _ in range(2):  # one of the two is first sent to the first instance
                client = service.client()
                client.send(message)
                service.wires(2).answer(OK)
                assert status_of(client.received()) == 200
            assert len(service.wires(1).links) >= 1
            assert service.pool.in_flight == 0

    run_virtual(main)


@pytest.mark.row(107)
def test_if_all_instances_reject_connections_clients_get_503_at_once_until_they_accept_again() -> None:
    async def main() -> None:
        async with Service(stage_settings(initial=2, least=2)) as service:
            service.wires(1).rejects = service.wires(2).rejects = CONNECT_FAILURE
            client = service.client()
            before_s = service.loop.time()
            client.send(POST)
            await until(lambda: client.client.written != b"")
            assert status_of(client.received()) == 503
            assert service.loop.time() - before_s < 1
            service.wires(1).rejects = service.wires(2).rejects = None
            for _ in range(2):
                client.send(request())
                wires = next(each for each in (service.wires(1), service.wires(2)) if _serving(each))
                wires.answer(OK)
                assert status_of(client.received()) == 200

    run_virtual(main)


def _serving(wires: WiredConnections) -> bool:
    return any(link.caller is not None for link in wires.links)


async def _serve_one(service: Service) -> None:
    """Send a request; the instance that gets it responds, if one is in service."""
    client = service.client()
    client.send(request())
    for number in service.pool.ready:
        if _serving(service.wires(number)):
            service.wires(number).answer(OK)
    await asyncio.sleep(0.01)


@pytest.mark.row(111)
def test_a_failing_instance_is_ejected_for_a_time_and_then_tried_again() -> None:
    async def main() -> None:
        async with Service(stage_settings(initial=4, least=4)) as service:
            failing = service.wires(1)
            failing.rejects = CONNECT_FAILURE
            for _ in range(100):
                await _serve_one(service)
            assert len(failing.links) == EjectionSettings().failures
            assert service.pool.in_flight == 0
            await asyncio.sleep(EjectionSettings().base_s)
            failing.rejects = None
            for _ in range(4):
                await _serve_one(service)
            assert failing.transports

    run_virtual(main)


@pytest.mark.row(111)
@pytest.mark.parametrize("count", [1, 2, 4, 20])
def test_ejection_never_takes_all_instances_away(count: int) -> None:
    async def main() -> None:
        async with Service(stage_settings(initial=count, least=count, most=25)) as service:
            for number in range(1, count + 1):
                service.wires(number).rejects = CONNECT_FAILURE
            for _ in range(20 * count):
                await _serve_one(service)
            for number in range(1, count + 1):
                service.wires(number).rejects = None
            client = service.client()
            client.send(request())
            assert sum(_serving(service.wires(number)) for number in range(1, count + 1)) == 1

    run_virtual(main)
