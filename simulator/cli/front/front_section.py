"""The `front` section of the configuration of `simulator serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from simulator.cli.front.config_paths import OutputFile
from simulator.edge.access_log_entry import LogFormat
from simulator.edge.live.live_settings import LiveSettings
from simulator.model.data_plane import Profile
from simulator.scenario.sections.base_model import Count, Flag, Section
from simulator.scenario.sections.service_spec import Balancing

DEFAULT_HTTPS_PORT: Final = 8543
DEFAULT_HTTP_PORT: Final = 8581


class FrontSection(Section):
    """Where services are reachable. Always on 127.0.0.1."""

    https_port: Count = Field(default=DEFAULT_HTTPS_PORT, ge=0, le=65535)
    """Port of the services' URLs; 0 is any free one."""
    http_port: Annotated[Count, Field(ge=0, le=65535)] | None = None
    """Port that redirects to HTTPS; 0 is any free one. Default: 8581, or any free one if that is taken."""
    server_timing: Flag = True
    """Add a `server-timing` field with the parts of the latency to responses; App Runner's responses have none."""
    websocket: Flag = False
    """Allow WebSockets, which App Runner rejects."""
    access_log: OutputFile | None = None
    """File to which a line for every request is appended."""
    access_log_format: Literal["json", "envoy"] = "json"
    """JSON lines, or Envoy's default format."""
    balancing: Balancing = "least-outstanding"
    """Which instance with a free slot receives a request."""
    profile: Literal["app-runner", "plain"] = "app-runner"
    """Response headers of the balancer: App Runner's (Envoy) or standard."""

    def live(self, state: Path, region: str, engine: str) -> LiveSettings:
        """Return the settings of the front. The access log is opened by the verb."""
        return LiveSettings(
            state,
            https_port=self.https_port,
            http_port=DEFAULT_HTTP_PORT if self.http_port is None else self.http_port,
            http_port_or_any=self.http_port is None,
            region=region,
            server_timing=self.server_timing,
            profile=Profile(self.profile),
            websocket=self.websocket,
            access_log_format=LogFormat(self.access_log_format),
            engine=engine,
        )
