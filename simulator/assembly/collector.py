"""What instances of a traced service are told of the collector.

App Runner runs one beside the application, at localhost:4317, OpenTelemetry's default for gRPC (facts 11.3); here it is
wherever the simulator's own traces go, and speaks OTLP over HTTP.

ASSUMPTION: App Runner sets no variables of OpenTelemetry itself: the samples of its guide have them in Dockerfiles.
Settled by a look at the environment of a traced instance. Here two are needed to find another collector; they are for
traces only, as App Runner's collector is, and what the service says itself stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from simulator.assembly.drivers import Application
from simulator.fleet.docker import DockerApplication
from simulator.fleet.process_environment import ProcessApplication

XRAY: Final = "AWSXRAY"

_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_PROTOCOL: Final = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
# Whoever says one of these knows of a collector of its own.
_OWN: Final = frozenset({"OTEL_EXPORTER_OTLP_ENDPOINT", _ENDPOINT})


def collector_variables(endpoint: str | None, application: Application, secrets: Mapping[str, str]) -> dict[str, str]:
    """`endpoint`: the whole URL that traces go to; None when they go nowhere. `secrets`: the service's, by variable.

    A container is not told of a collector on loopback: its own loopback is another one.
    """
    if endpoint is None or not isinstance(application, ProcessApplication | DockerApplication):
        return {}
    if isinstance(application, DockerApplication) and _is_loopback(urlsplit(endpoint).hostname or ""):
        return {}
    if _OWN & (application.environment.keys() | secrets.keys()):
        return {}
    return {_ENDPOINT: endpoint, _PROTOCOL: "http/protobuf"}


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
