"""The options of the live console, for `run` and `serve`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from simulator.cli.console_port import DEFAULT_PORT

CONSOLE: Final = "Console"


@dataclass(frozen=True, slots=True)
class LiveConsoleOptions:
    """The live console, and its port."""

    with_console: Annotated[
        bool,
        typer.Option("--console", help="Open a live console in the browser (localhost only).", rich_help_panel=CONSOLE),
    ] = False
    console_port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, help="Port of the console on 127.0.0.1; 0 is any free one.", rich_help_panel=CONSOLE
        ),
    ] = DEFAULT_PORT

    @property
    def port(self) -> int | None:
        """The requested port; None without a console."""
        return self.console_port if self.with_console else None
