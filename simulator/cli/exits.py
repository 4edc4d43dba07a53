"""Exit codes, as load-testing tools have them, and how bad input is told."""

from __future__ import annotations

from typing import Final, NoReturn

import typer

from simulator.cli.printing import echo

OK: Final = 0
CHECK_FAILED: Final = 1
BAD_INPUT: Final = 2
BROKE: Final = 3
INTERRUPTED: Final = 130  # 128 + SIGINT


def bad_input(message: str) -> NoReturn:
    echo(message, err=True)
    raise typer.Exit(BAD_INPUT)
