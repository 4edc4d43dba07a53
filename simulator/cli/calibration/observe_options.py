"""The options of `simulator observe`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer

from simulator.calibration.observing.observer import LIVE_BUDGET_S
from simulator.cli.options import ENGINE_HELP, RESULT_ONLY_HELP

REQUESTS: Final = "Requests"
TARGET: Final = "The service"


@dataclass(frozen=True, slots=True)
class ObserveRequests:
    """The requests that are sent."""

    route: Annotated[
        list[str],
        typer.Option(
            metavar="ROUTE",
            help="[METHOD] /PATH[:WEIGHT], such as 'GET /items/1:3'; may be given again [GET /].",
            rich_help_panel=REQUESTS,
        ),
    ] = field(default_factory=list)
    body: Annotated[
        list[str],
        typer.Option(
            metavar="[ROUTE=]FILE",
            help="Body of a route's requests; may be given again.",
            rich_help_panel=REQUESTS,
        ),
    ] = field(default_factory=list)
    header: Annotated[
        list[str],
        typer.Option(
            "--header", "-H", metavar="NAME: VALUE", help="A header field of all requests; may be given again.",
            rich_help_panel=REQUESTS,
        ),
    ] = field(default_factory=list)  # fmt: skip
    traffic: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Routes and weights from a scenario's traffic, or from a recording that `simulator import` reads.",
            rich_help_panel=REQUESTS,
        ),
    ] = None
    seed: Annotated[int, typer.Option(min=0, max=2**62, help="Seed of the arrivals.", rich_help_panel=REQUESTS)] = 1


@dataclass(frozen=True, slots=True)
class ObserveService:
    """How the service is run."""

    size: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Instance size of App Runner [1 vCPU 2 GB].", rich_help_panel=TARGET),
    ] = None
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="Port of an image, if not the one that it exposes.", rich_help_panel=TARGET
        ),
    ] = None
    health_check: Annotated[
        str,
        typer.Option(metavar="PATH", help="Path of an HTTP health check; without it, TCP.", rich_help_panel=TARGET),
    ] = ""
    env: Annotated[
        list[str],
        typer.Option(metavar="NAME=VALUE", help="An environment variable; may be given again.", rich_help_panel=TARGET),
    ] = field(default_factory=list)
    service: Annotated[
        str,
        typer.Option(metavar="NAME", help="Which service, if a scenario has several.", rich_help_panel=TARGET),
    ] = ""
    engine: Annotated[str | None, typer.Option(metavar="URL", help=ENGINE_HELP, rich_help_panel=TARGET)] = None
    state: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where builds and the certificate are kept.", rich_help_panel=TARGET),
    ] = None


@dataclass(frozen=True, slots=True)
class ObserveOutput:
    """The time of the observation and its file."""

    duration_max: Annotated[
        str, typer.Option(metavar="TIME", help="Time for all levels, starts included; builds come before it.")
    ] = f"{LIVE_BUDGET_S / 60:g}m"
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="The file [NAME.observation.zip].")
    ] = None
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=RESULT_ONLY_HELP)] = False
