"""The options of `simulator calibrate` for recordings: what these do not have, the settings of the service."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Final

import typer

from simulator.calibration.recordings import RecordedService
from simulator.cli.calibration.size_options import instances_option, max_size_option, min_size_option

SERVICE: Final = "The service of metrics, logs and capacity tests"


@dataclass(frozen=True, slots=True)
class RecordingOptions:
    """The settings of the service of recordings. Of a capacity test, the size of its instance."""

    instances: Annotated[int | None, instances_option(SERVICE)] = None
    min_size: Annotated[int | None, min_size_option(SERVICE)] = None
    max_size: Annotated[int | None, max_size_option(SERVICE)] = None
    max_concurrency: Annotated[
        int | None,
        typer.Option(min=1, max=200, metavar="N", help="MaxConcurrency [metrics: 100].", rich_help_panel=SERVICE),
    ] = None
    cpu: Annotated[
        str | None, typer.Option(metavar="SIZE", help="CPU of an instance [1 vCPU].", rich_help_panel=SERVICE)
    ] = None
    memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Memory of an instance [2 GB].", rich_help_panel=SERVICE)
    ] = None

    @property
    def service(self) -> RecordedService:
        """The settings as the calibration takes them."""
        return RecordedService(**asdict(self))
