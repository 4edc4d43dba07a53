"""Settings of the live front, without the front: runs in virtual time know them and import none of it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from simulator.edge.access_log_entry import LogFormat
from simulator.fleet.docker.engine_address import DEFAULT_HOST, check_host
from simulator.model.data_plane import DataPlaneLimits, Profile
from simulator.rules.ejection import EjectionSettings
from simulator.world.random_streams import RandomStreams

REGION = "us-east-1"  # the default Region in URLs


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """Settings of the live front. `state` keeps the local CA. Port 0 is any free port. `http_port_or_any`: use any free
    port if `http_port` is in use.

    `server_timing`: responses show the parts of their time in a `server-timing` field; App Runner's do not.
    `websocket`: allow WebSocket requests; App Runner rejects them. `ejection`: takes failing instances out of service
    for some time; None: only health checks do. The owner of access logs closes them. `websocket_of`, `access_log_of`:
    for the services named there; None: the service's requests are not logged.
    `engine`: the address of the container engine, `unix:///path` or `tcp://host:port`.
    `dual_stack`: listen on ::1 too, for hosts with IpAddressType DUAL_STACK. `endpoints`: VPC endpoints, each with a
    listener of its own for the hosts of private services. `hides_private`: those hosts are known there only.

    Raises:
        ValueError: if `engine` is not such an address.
    """

    state: Path
    https_port: int = 0
    http_port: int = 0
    http_port_or_any: bool = False
    region: str = REGION
    server_timing: bool = True
    limits: DataPlaneLimits = field(default_factory=DataPlaneLimits)
    profile: Profile = Profile.APP_RUNNER
    websocket: bool = False
    websocket_of: Mapping[str, bool] = field(default_factory=dict)
    ejection: EjectionSettings | None = field(default_factory=EjectionSettings)
    access_log: io.RawIOBase | None = None
    access_log_of: Mapping[str, io.RawIOBase | None] = field(default_factory=dict)
    access_log_format: LogFormat = LogFormat.JSON
    engine: str = DEFAULT_HOST
    dual_stack: bool = False
    endpoints: tuple[str, ...] = ()
    hides_private: bool = False

    def __post_init__(self) -> None:
        check_host(self.engine)


def service_host(service: str, region: str, streams: RandomStreams) -> str:
    """Return a service URL like App Runner's, with a top-level domain that is always loopback (RFC 6761)."""
    return f"{streams.identifier('service-url', service, length=10)}.{region}.awsapprunner.localhost"
