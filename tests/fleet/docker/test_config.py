from __future__ import annotations

import socket
import tempfile

import pytest

from simulator.fleet.docker.config import DockerApplication
from simulator.fleet.network import packet_filter

CONTAINER = DockerApplication("app:1", ("serve",), {"A": "1", "B": "2"}, port=3000)


def test_the_settings_of_a_service_are_added_and_an_empty_command_keeps_the_images() -> None:
    configured = CONTAINER.configured((), {"B": "3"}, 9000)
    assert (configured.command, configured.environment, configured.port) == (("serve",), {"A": "1", "B": "3"}, 9000)
    assert CONTAINER.configured(("other",), {}, 9000).command == ("other",)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_cannot_be_is_rejected(port: int) -> None:
    with pytest.raises(ValueError, match=f"port = {port}, must be 1 to 65535"):
        DockerApplication("app:1", port=port)


def test_rules_of_networks_need_an_engine_on_this_machine_and_its_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packet_filter, "why_no_filter", lambda: "it requires root")
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        engine = f"unix://{folder}/engine.sock"
        assert CONTAINER.why_no_egress_rules(engine) == f"no container engine listens on {engine}"
        listener.bind(f"{folder}/engine.sock")
        assert CONTAINER.why_no_egress_rules(engine) == "it requires root"
        monkeypatch.setattr(packet_filter, "why_no_filter", lambda: "")
        assert CONTAINER.why_no_egress_rules(engine) == ""
    assert CONTAINER.why_no_egress_rules("tcp://10.1.1.1:2375") == "the container engine is on another machine"
