"""The options of `simulator import`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer

PART: Final = "Part of the recording"
FUNCTIONS: Final = "Functions of a dataset"
LOCUST: Final = "Load of a locustfile"


@dataclass(frozen=True, slots=True)
class ImportOutputs:
    """The files of the result, and what is shown of it."""

    out: Annotated[
        Path, typer.Option(metavar="F.yaml", help="The scenario; its recordings are F.csv or F-SERVICE.csv beside it.")
    ] = Path("imported.yaml")
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary: the written files only.")] = False
    format_name: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="The format, if it is not to be detected.")
    ] = None


@dataclass(frozen=True, slots=True)
class ImportPart:
    """The part of the recording, and its form."""

    skip: Annotated[
        str, typer.Option(metavar="TIME", help="Leave out the beginning, such as 2h.", rich_help_panel=PART)
    ] = "0s"
    length: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="Import no more than this.", rich_help_panel=PART)
    ] = None
    arrivals: Annotated[
        str,
        typer.Option(
            "--arrivals",
            metavar="MODEL",
            help="replay; poisson: a rate over time; mmpp: two states, for bursts; auto: chosen by tests.",
            rich_help_panel=PART,
        ),
    ] = "replay"
    bin_width: Annotated[
        str | None,
        typer.Option(
            "--bin",
            metavar="TIME",
            help="Count requests per bin of this width, instead of their times.",
            rich_help_panel=PART,
        ),
    ] = None
    exact_paths: Annotated[
        bool,
        typer.Option(
            "--exact-paths",
            help="Keep paths and queries as they are, with all values of users in them.",
            rich_help_panel=PART,
        ),
    ] = False
    zone_name: Annotated[
        str | None,
        typer.Option(
            "--time-zone",
            metavar="NAME",
            help="The zone of times whose zone the files do not name, such as Europe/Berlin.",
            rich_help_panel=PART,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class ImportFunctions:
    """The functions of a dataset; by default the busiest."""

    functions: Annotated[
        list[str],
        typer.Option(
            "--function",
            metavar="NAME",
            help="A function by the beginning of its name; each becomes a service. Repeatable.",
            rich_help_panel=FUNCTIONS,
        ),
    ] = field(default_factory=list)
    top: Annotated[
        int | None,
        typer.Option(
            min=1, max=100, metavar="N", help="The N busiest functions, one service each.", rich_help_panel=FUNCTIONS
        ),
    ] = None
    everything: Annotated[
        bool, typer.Option("--all", help="All functions together as one service.", rich_help_panel=FUNCTIONS)
    ] = False


@dataclass(frozen=True, slots=True)
class ImportLocust:
    """Options of Locust that a locustfile without a load shape needs, or its locust.conf among the files."""

    users: Annotated[
        int | None, typer.Option(min=1, max=1_000_000, metavar="N", help="Number of users.", rich_help_panel=LOCUST)
    ] = None
    spawn_rate: Annotated[
        float | None,
        typer.Option(min=0.001, metavar="N", help="Users that start per second.", rich_help_panel=LOCUST),
    ] = None
    run_time: Annotated[
        str | None, typer.Option(metavar="TIME", help="Length of the test, such as 10m.", rich_help_panel=LOCUST)
    ] = None
