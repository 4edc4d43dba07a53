from __future__ import annotations

import socket
from pathlib import Path

import pytest

from simulator.fleet.docker.engine_address import DEFAULT_HOST, check_host, is_local


@pytest.mark.parametrize("host", [DEFAULT_HOST, "unix:///run/podman.sock", "tcp://127.0.0.1:2375", "tcp://[::1]:2375/"])
def test_an_address_that_the_driver_reaches_is_itself(host: str) -> None:
    assert check_host(host) == host


@pytest.mark.parametrize("host", ["", "docker.sock", "unix://docker.sock", "http://127.0.0.1:2375", "tcp://127.0.0.1"])
def test_any_other_address_is_an_error_that_names_it(host: str) -> None:
    with pytest.raises(ValueError, match="must be unix:///path/of/its/socket or tcp://host:port") as caught:
        check_host(host)
    assert str(caught.value).startswith(f"engine = {host!r}, ")


def test_an_engine_is_on_this_machine_if_its_address_is_a_socket_here(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    assert not is_local(f"unix://{path}")
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
        assert is_local(f"unix://{path}")
    assert not is_local("tcp://127.0.0.1:2375")
