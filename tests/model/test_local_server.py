"""Tests of the address of a server on this machine."""

from __future__ import annotations

import pytest

from simulator.model.local_server import LocalServer, local_server


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1", 8000),
        ("http://localhost/x?y=1", "127.0.0.1", 80),
        ("http://127.8.9.1:1", "127.8.9.1", 1),
        ("http://[::1]:9000/", "::1", 9000),
    ],
)
def test_a_server_of_this_machine_has_a_host_and_a_port(url: str, host: str, port: int) -> None:
    assert local_server(url) == LocalServer(host, port)


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1", "127.0.0.1:80", "http://", "http://u:p@127.0.0.1", "http://[::1", "http://127.0.0.1:0/"],
)
def test_what_is_no_such_address_is_an_error(url: str) -> None:
    with pytest.raises(ValueError, match=r"url = .*, must be the address of a server on this machine, such as http"):
        local_server(url)


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "0.0.0.0"])
def test_load_is_sent_to_no_other_machine(host: str) -> None:
    with pytest.raises(ValueError, match="load is sent to this machine only"):
        local_server(f"http://{host}:80/")
