"""Settings of the live front, separate from the code of the front."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from simulator.edge.access_log_entry import LogFormat
from simulator.edge.live.service_host import REGION
from simulator.fleet.docker.engine_address import DEFAULT_HOST, check_host
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.header_profile import Profile
from simulator.rules.ejection import EjectionSettings


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """Settings of the live front.

    `state` is the folder of the local CA. Port 0 is any free port. With `http_port_or_any`, any free port is used if
    `http_port` is in use. With `server_timing`, responses show the parts of their time in a `server-timing` field; App
    Runner's do not. `websocket` allows WebSocket requests, which App Runner rejects. `ejection` takes failing instances
    out of service for some time; with None only health checks do. `websocket_of` and `access_log_of` replace
    `websocket` and `access_log` for the services named there; a log of None means that a service's requests are not
    logged. `waf_log` is the file of AWS WAF's log. The owner of the logs closes them. `engine` is the address of the
    container engine, `unix:///path` or `tcp://host:port`. With `dual_stack`, the front listens on ::1 too, for hosts
    with IpAddressType DUAL_STACK. `endpoints` are VPC endpoints; each has a listener of its own for the hosts of
    private services. With `hides_private`, those hosts are served only there. `zones`: Availability Zones over which
    instances are spread; 0: they have none.

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
    waf_log: io.RawIOBase | None = None
    engine: str = DEFAULT_HOST
    dual_stack: bool = False
    endpoints: tuple[str, ...] = ()
    hides_private: bool = False
    zones: int = 0

    def __post_init__(self) -> None:
        check_host(self.engine)
