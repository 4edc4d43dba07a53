"""Options that `serve` and `up` have in common, in groups; `run` has those of the same name for scenarios."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from simulator.cli.options import ACCESS_LOG_HELP, LOG_FORMAT_HELP, WEBSOCKET_HELP
from simulator.edge.access_log_entry import LogFormat

BALANCER: Final = "Load balancer"


@dataclass(frozen=True, slots=True)
class BalancerOptions:
    """What the load balancer allows and writes. None: as in the configuration, or else the default."""

    websocket: Annotated[
        bool | None,
        typer.Option("--websocket", help=WEBSOCKET_HELP, rich_help_panel=BALANCER),
    ] = None
    access_log: Annotated[Path | None, typer.Option(metavar="F", help=ACCESS_LOG_HELP, rich_help_panel=BALANCER)] = None
    access_log_format: Annotated[LogFormat | None, typer.Option(help=LOG_FORMAT_HELP, rich_help_panel=BALANCER)] = None

    @property
    def of_config(self) -> dict[str, Any]:
        """Values of the configuration of serve that the options override, by section and key; None: not given."""
        return {
            "front_websocket": self.websocket,
            "front_access_log": self.access_log,
            "front_access_log_format": self.access_log_format,
        }
