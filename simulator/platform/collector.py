"""Environment variables that give instances of a traced service the address of the trace collector.

App Runner runs a collector beside the application, at localhost:4317, OpenTelemetry's default for gRPC (facts 11.3).
Here the collector is the destination of the simulator's own traces, which uses OTLP over HTTP.

ASSUMPTION: App Runner itself sets no variables of OpenTelemetry: the examples in its guide set them in Dockerfiles.
Settled by the environment of a traced instance. Here two variables are needed because the collector is another one.
They apply to traces only, like App Runner's collector, and variables of the service have precedence.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from simulator.fleet.applications import Application

XRAY: Final = "AWSXRAY"

_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_PROTOCOL: Final = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
# An application with one of these variables has a collector of its own.
_OWN: Final = frozenset({"OTEL_EXPORTER_OTLP_ENDPOINT", _ENDPOINT})


def collector_variables(endpoint: str | None, application: Application, secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the variables. `endpoint`: complete URL for traces; None: no export. `secrets`: by variable.

    A container gets no collector that listens on this machine's loopback, because it has its own loopback.
    """
    if endpoint is None or application.is_simulated:
        return {}
    if application.has_own_loopback and _is_loopback(urlsplit(endpoint).hostname or ""):
        return {}
    if _OWN & (application.environment.keys() | secrets.keys()):
        return {}
    return {_ENDPOINT: endpoint, _PROTOCOL: "http/protobuf"}


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
