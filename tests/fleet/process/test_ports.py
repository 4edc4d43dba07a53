from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from simulator.fleet.process.ports import Ports


@pytest.fixture
def ports() -> Iterator[Ports]:
    ports = Ports()
    yield ports
    for port in list(ports._held):
        ports.release(port)


def test_no_port_is_allocated_twice(ports: Ports) -> None:
    taken = [ports.take() for _ in range(50)]
    assert len(set(taken)) == 50


def test_two_allocators_never_allocate_the_same_port(ports: Ports) -> None:
    others = Ports()
    mine, theirs = [ports.take() for _ in range(20)], [others.take() for _ in range(20)]
    for port in theirs:
        others.release(port)
    # Both begin with the same number, because they are in one process: without the reservation they would choose the
    # same ports.
    assert not set(mine) & set(theirs)


def test_a_port_that_a_server_listens_on_is_passed_over(ports: Ports) -> None:
    first = ports.take()
    ports._next = first + 1
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", first + 1))
        server.listen()
        assert ports.take() != first + 1


def test_an_application_without_reuseaddr_can_bind_an_allocated_port(ports: Ports) -> None:
    with socket.socket() as application:
        application.bind(("127.0.0.1", ports.take()))
        application.listen()


def test_a_released_port_is_not_the_next_one_allocated(ports: Ports) -> None:
    released = ports.take()
    ports.release(released)
    assert ports.take() != released


def test_a_released_port_can_be_allocated_again(ports: Ports) -> None:
    released = ports.take()
    ports.release(released)
    ports._next = released
    assert ports.take() == released


def test_an_exhausted_range_is_reported_with_its_bounds() -> None:
    ports = Ports()
    ports._end = 20_000
    ports._next = 20_000
    with pytest.raises(OSError, match="no free port from 20000 to 19999"):
        ports.take()
