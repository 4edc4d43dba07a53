"""The options of `simulator up`, in groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer

from simulator.cli.front.serving_options import BALANCER
from simulator.cli.options import (
    ENGINE_HELP,
    IMAGE_HELP,
    NEAR_HELP,
    OFFLINE_HELP,
    PROFILE_HELP,
    RUN_IMAGE_HELP,
    RUNTIME_IMAGES_HELP,
    TOOLCHAIN_HELP,
    VERBOSE_HELP,
)
from simulator.model.header_profile import Profile

BUILDS: Final = "Builds"
PORTS: Final = "Addresses and ports"


@dataclass(frozen=True, slots=True)
class UpOptions:
    """The files that up reads and keeps, and its messages."""

    watch: Annotated[bool, typer.Option("--watch", help="Build and deploy again with every save.")] = False
    secrets_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Values of the secrets that the file names.")
    ] = None
    state: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Where builds and the certificate are kept.")] = (
        None
    )
    profile: Annotated[Profile, typer.Option(help=PROFILE_HELP, rich_help_panel=BALANCER)] = Profile.APP_RUNNER
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Only addresses and failures: no build log, no output of instances."),
    ] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help=VERBOSE_HELP)] = False


@dataclass(frozen=True, slots=True)
class UpPorts:
    """The ports of the project's service."""

    https_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the URL; 0 is any free one.", rich_help_panel=PORTS)
    ] = 0
    dns_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of a DNS on 127.0.0.1 for its names.", rich_help_panel=PORTS),
    ] = None


@dataclass(frozen=True, slots=True)
class ProjectBuildOptions:
    """How the project is built, and where its image runs."""

    toolchain: Annotated[
        list[str], typer.Option(metavar="RUNTIME=FOLDER", help=TOOLCHAIN_HELP, rich_help_panel=BUILDS)
    ] = field(default_factory=list)
    build_image: Annotated[
        list[str], typer.Option(metavar="[RUNTIME=]IMAGE", help=IMAGE_HELP, rich_help_panel=BUILDS)
    ] = field(default_factory=list)
    run_image: Annotated[
        list[str], typer.Option(metavar="[RUNTIME=]IMAGE", help=RUN_IMAGE_HELP, rich_help_panel=BUILDS)
    ] = field(default_factory=list)
    runtime_images: Annotated[
        str | None, typer.Option(metavar="PREFIX", help=RUNTIME_IMAGES_HELP, rich_help_panel=BUILDS)
    ] = None
    engine: Annotated[str | None, typer.Option(metavar="URL", help=ENGINE_HELP, rich_help_panel=BUILDS)] = None
    near_versions: Annotated[bool, typer.Option("--near-versions", help=NEAR_HELP, rich_help_panel=BUILDS)] = False
    offline: Annotated[bool, typer.Option("--offline", help=OFFLINE_HELP, rich_help_panel=BUILDS)] = False

    @property
    def of_file(self) -> dict[str, object]:
        """Values, by name, of the options that apply only to an apprunner.yaml."""
        return {
            "--toolchain": self.toolchain,
            "--build-image": self.build_image,
            "--run-image": self.run_image,
            "--runtime-images": self.runtime_images,
            "--near-versions": self.near_versions,
            "--offline": self.offline,
        }
