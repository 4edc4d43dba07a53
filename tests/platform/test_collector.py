"""The variables about the collector that instances of a traced service get."""

from __future__ import annotations

from simulator.fleet.docker.config import DockerApplication
from simulator.fleet.process.environment import ProcessApplication
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.platform.collector import collector_variables

LOCAL = "http://127.0.0.1:4318/v1/traces"
REMOTE = "http://collector.lan:4318/v1/traces"


def told(endpoint: str) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
    }


def test_a_process_gets_the_endpoint_and_protocol_of_the_collector() -> None:
    assert collector_variables(LOCAL, ProcessApplication(("true",)), {}) == told(LOCAL)
    assert collector_variables(None, ProcessApplication(("true",)), {}) == {}


def test_a_container_gets_no_collector_on_the_hosts_loopback() -> None:
    application = DockerApplication("image")
    assert collector_variables(REMOTE, application, {}) == told(REMOTE)
    for endpoint in (LOCAL, "http://localhost:1/x", "http://[::1]:1/x"):
        assert collector_variables(endpoint, application, {}) == {}


def test_variables_of_the_service_have_precedence() -> None:
    own = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://other"}
    assert collector_variables(LOCAL, ProcessApplication(("true",), own), {}) == {}
    assert collector_variables(LOCAL, ProcessApplication(("true",)), own) == {}


def test_a_simulated_instance_gets_no_variables() -> None:
    assert collector_variables(LOCAL, SimulatedApplication(), {}) == {}
