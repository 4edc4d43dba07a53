"""The `front` section of the configuration of `simulator serve`."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from simulator.cli.front.access_log_file import opened_log
from simulator.cli.front.config_paths import OutputFile, OutputFileOrFalse
from simulator.cli.outputs import Outputs
from simulator.edge.access_log_entry import LogFormat
from simulator.edge.live.live_settings import LiveSettings
from simulator.model.header_profile import Profile
from simulator.scenario.sections.base_model import Count, Flag, Section
from simulator.scenario.sections.service_spec import Balancing

DEFAULT_HTTPS_PORT: Final = 8543
DEFAULT_HTTP_PORT: Final = 8581


class ServiceFrontSection(Section):
    """Settings of one service; those that are left out are as for the other services."""

    balancing: Balancing | None = None
    """Which of its instances with a free slot receives a request."""
    websocket: Flag | None = None
    """Allow WebSockets, which App Runner rejects."""
    access_log: OutputFileOrFalse | None = None
    """A separate file for the lines of its requests; false: its requests are not logged."""


class FrontSection(Section):
    """Where services are reachable, always on 127.0.0.1."""

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
    services: Mapping[str, ServiceFrontSection] = Field(default_factory=dict)
    """Settings of single services, by name."""

    def live(self, state: Path, region: str, engine: str) -> LiveSettings:
        """Return the settings of the front without access logs, which `with_logs` adds."""
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
            websocket_of={name: each.websocket for name, each in self.services.items() if each.websocket is not None},
        )

    def with_logs(
        self, live: LiveSettings, files: contextlib.ExitStack, inputs: Iterable[Path], waf_log: Path | None = None
    ) -> LiveSettings:
        """Open the access logs, and WAF's log at `waf_log`. `inputs`: files that they must not be.

        Ends the command if one cannot be written.
        """
        outputs = Outputs()
        log = opened_log(self.access_log, files, outputs, inputs)
        logs: dict[str, io.RawIOBase | None] = {}
        for name, each in self.services.items():
            if each.access_log is not None:
                path = each.access_log or None
                logs[name] = opened_log(path, files, outputs, inputs, f"front.services.{name}.access_log")
        of_waf = opened_log(waf_log, files, outputs, inputs, "waf.log")
        return dataclasses.replace(live, access_log=log, access_log_of=logs, waf_log=of_waf)

    @property
    def balancing_of(self) -> dict[str, str]:
        """The balancing of each service that has its own."""
        return {name: each.balancing for name, each in self.services.items() if each.balancing is not None}
