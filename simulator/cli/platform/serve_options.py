"""The options of `simulator serve`, in groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from simulator.cli.front.front_section import DEFAULT_HTTP_PORT, DEFAULT_HTTPS_PORT
from simulator.cli.front.serving_options import BALANCER
from simulator.cli.options import ENGINE_HELP, OTLP_HELP, PROFILE_HELP, SAMPLING_HELP, VERBOSE_HELP
from simulator.cli.platform.serve_config import DEFAULT_PORT
from simulator.model.header_profile import Profile

PORTS: Final = "Addresses and ports"
EXPORTS: Final = "Exports"
TIMES: Final = "Times of operations"


class TimeProfileName(StrEnum):
    INSTANT = "instant"
    APP_RUNNER = "app-runner"
    APP_RUNNER_SPREAD = "app-runner-spread"


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The files that serve reads and keeps, and its messages."""

    state: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="State folder: keeps everything between runs.")
    ] = None
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Access keys, quotas, times: see `schema serve`.")
    ] = None
    web_acl: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE", help="Web ACLs, IP sets and pattern sets, as `aws wafv2 get-web-acl` prints them."
        ),
    ] = field(default_factory=list)
    engine: Annotated[str | None, typer.Option(metavar="URL", help=ENGINE_HELP)] = None
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the address of the API, and failures.")] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help=VERBOSE_HELP)] = False

    @property
    def of_config(self) -> dict[str, Any]:
        """Values by section and key that override the configuration; None: not given."""
        return {"waf_files": tuple(self.web_acl) or None}


@dataclass(frozen=True, slots=True)
class AddressOptions:
    """The addresses of the API and the services. None: the value of the configuration file."""

    host: Annotated[
        str | None,
        typer.Option(
            help="Where the API listens (127.0.0.1); beyond loopback it requires access keys and TLS.",
            rich_help_panel=PORTS,
        ),
    ] = None
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help=f"Port of the API ({DEFAULT_PORT}); 0 is any free one.", rich_help_panel=PORTS
        ),
    ] = None
    tls: Annotated[
        bool | None,
        typer.Option(
            "--tls/--no-tls",
            help="Serve the API over TLS, with a certificate of the local authority.",
            rich_help_panel=PORTS,
        ),
    ] = None
    https_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help=f"Port of the services' URLs ({DEFAULT_HTTPS_PORT}); 0 is any free one.",
            rich_help_panel=PORTS,
        ),
    ] = None
    http_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help=f"Port that redirects to HTTPS ({DEFAULT_HTTP_PORT}, or a free one if that is taken); 0 is any free "
            "one.",
            rich_help_panel=PORTS,
        ),
    ] = None
    dns_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Port of a DNS on 127.0.0.1 for the names of services, and `simulator dns`; 0 is any free one.",
            rich_help_panel=PORTS,
        ),
    ] = None

    @property
    def of_config(self) -> dict[str, Any]:
        """Values by section and key that override the configuration; None: not given."""
        return {
            "api_host": self.host,
            "api_port": self.port,
            "api_tls": self.tls,
            "front_https_port": self.https_port,
            "front_http_port": self.http_port,
            "dns_port": self.dns_port,
        }


@dataclass(frozen=True, slots=True)
class HeaderOptions:
    """The response headers. Its option has the name of the key, because `--profile` of serve is the time profile."""

    front_profile: Annotated[Profile | None, typer.Option(help=PROFILE_HELP, rich_help_panel=BALANCER)] = None

    @property
    def of_config(self) -> dict[str, Any]:
        """Values by section and key that override the configuration; None: not given."""
        return {"front_profile": None if self.front_profile is None else self.front_profile.value}


@dataclass(frozen=True, slots=True)
class TelemetryOptions:
    """The destinations of metrics, traces and logs. None: the value of the configuration file."""

    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Port of a Prometheus endpoint, /metrics on 127.0.0.1; 0 is any free one.",
            rich_help_panel=EXPORTS,
        ),
    ] = None
    otlp_endpoint: Annotated[str | None, typer.Option(metavar="URL", help=OTLP_HELP, rich_help_panel=EXPORTS)] = None
    cloudwatch: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Write App Runner's CloudWatch metrics and logs to an AWS-compatible endpoint.",
            rich_help_panel=EXPORTS,
        ),
    ] = None
    trace_sampling: Annotated[float | None, typer.Option(min=0, max=1, help=SAMPLING_HELP, rich_help_panel=EXPORTS)] = (
        None
    )

    @property
    def of_config(self) -> dict[str, Any]:
        """Values by section and key that override the configuration; None: not given."""
        return {
            "metrics_port": self.metrics_port,
            "otel_endpoint": self.otlp_endpoint,
            "cloudwatch_endpoint": self.cloudwatch,
            "otel_sampling": self.trace_sampling,
        }


@dataclass(frozen=True, slots=True)
class OperationTimeOptions:
    """The duration of operations. None: the value of the configuration file."""

    profile: Annotated[
        TimeProfileName | None,
        typer.Option(
            help="How long operations take: as the work does (instant), or as measured on AWS, constant or varying.",
            rich_help_panel=TIMES,
        ),
    ] = None
    time_factor: Annotated[
        float | None,
        typer.Option(min=0, help="Multiplies the profile's times; 0.1 is ten times as fast.", rich_help_panel=TIMES),
    ] = None

    @property
    def of_config(self) -> dict[str, Any]:
        """Values by section and key that override the configuration; None: not given."""
        return {
            "time_profile": None if self.profile is None else self.profile.value,
            "time_factor": self.time_factor,
        }
