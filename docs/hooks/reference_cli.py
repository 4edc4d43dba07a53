"""The page of verbs, from the command line's own declarations."""

from __future__ import annotations

import re
from typing import Any, Final

import typer

from page_parts import cell, code, table
from simulator.cli import app

_ABOUT: Final = """\
`simulator VERB --help` says the same in a terminal. Exit codes of every verb: 0 all well and every check passes, 1 a
check failed, 2 bad input, 3 an internal error stopped the run, 130 interrupted.

Results go to standard output; progress, notes and errors to standard error. An error is a line `error: ...`, followed
by `hint: ...` with the way out, if there is one; several problems of a file have a line each, with line and column.
"""


def cli_page() -> str:
    """Every verb with its arguments and options."""
    group: Any = typer.main.get_command(app)
    parts = ["# Command line\n", _ABOUT]
    for name in group.list_commands(None):
        parts += _verb(group.get_command(None, name), f"simulator {name}", 2)
    return "\n".join(parts)


def _verb(command: Any, path: str, level: int) -> list[str]:
    context = command.make_context(path, [], resilient_parsing=True)
    about = re.sub(r"\s*\n\s*", " ", command.help or "")
    parts = [f"{'#' * level} {path}\n", f"{cell(about)}\n"]
    if hasattr(command, "list_commands"):
        for name in command.list_commands(context):
            parts += _verb(command.get_command(context, name), f"{path} {name}", level + 1)
        return parts
    pieces = " ".join(piece.strip("{}") for piece in command.collect_usage_pieces(context))
    parts.append(f"```text\n{path} {pieces}\n```\n")
    records = [record for parameter in command.params if (record := parameter.get_help_record(context))]
    if records:
        parts.append(table(["option", "what it does"], ([code(names), cell(about or "")] for names, about in records)))
    return parts
