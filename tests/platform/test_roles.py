"""Where instances find their credentials and the AWS endpoint."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from simulator.fleet.ports import LoopbackListener
from simulator.platform.roles import InstanceRole
from tests.virtual import run_virtual

ROLE = "arn:aws:iam::123456789012:role/shop"


class Loopback:
    """Records the listeners inside containers."""

    def __init__(self, application_port: int) -> None:
        self.taken = frozenset({application_port})
        self.ports: list[int] = []

    def add_listener(self, listener: LoopbackListener) -> None:
        self.ports.append(listener.port)


def given(endpoint: str, application_port: int) -> tuple[list[int], Mapping[str, str]]:
    """Return the ports of a container's loopback listeners, and its variables."""
    loopback = Loopback(application_port)

    async def main() -> Mapping[str, str]:
        role = InstanceRole("web", ROLE, endpoint, "us-east-1")
        await role.open(loopback)
        variables = role.of_instance(7)
        await role.close()
        return variables

    return loopback.ports, run_virtual(main)


@pytest.mark.parametrize(
    ("endpoint", "application_port", "ports", "expected"),
    [
        ("http://127.0.0.1:5000", 8080, [51679, 5000], "http://127.0.0.1:5000"),
        ("http://localhost:5000/", 8080, [51679, 5000], "http://127.0.0.1:5000"),
        ("http://127.0.0.1:8080", 8080, [51679, 8081], "http://127.0.0.1:8081"),
        ("http://127.0.0.1:51679", 51679, [51680, 51681], "http://127.0.0.1:51681"),
        ("http://[::1]:5000", 8080, [51679, 5000], "http://127.0.0.1:5000"),
        ("https://127.0.0.1", 8080, [51679, 443], "https://127.0.0.1:443"),
        ("http://moto.internal:5000", 8080, [51679], "http://moto.internal:5000"),
    ],
)
def test_a_container_reaches_credentials_and_endpoint_on_its_own_loopback(
    endpoint: str, application_port: int, ports: list[int], expected: str
) -> None:
    doors, variables = given(endpoint, application_port)
    assert doors == ports
    assert variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"].startswith(f"http://127.0.0.1:{ports[0]}/")
    assert variables["AWS_ENDPOINT_URL"] == expected
