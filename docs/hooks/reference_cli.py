"""The page of commands, generated from the declarations of the command line."""

from __future__ import annotations

import re
from typing import Any, Final

import typer

from page_parts import cell, code, table
from simulator.cli import app
from simulator.cli.help_text import EXAMPLES, prepared

_ABOUT: Final = """\
`simulator COMMAND --help` prints the same in a terminal. Exit codes of every command: 0 success and every check passes,
1 a check failed, 2 bad input, 3 an internal error stopped the run, 130 interrupted.

Results go to standard output; progress, notes and errors to standard error. An error is a line `error: ...`, followed
by `hint: ...` if a solution is known; several problems of a file have a line each, with line and column.

Every option can be set by a variable, `SIMULATOR_` with the command and the option: `SIMULATOR_RUN_SEED=3` is
`simulator run --seed 3`, `SIMULATOR_STATE_EXPORT_STATE=folder` is `simulator state export --state folder`. The options
`--backend`, `--engine`, `--quiet`, `--state`, `--verbose` and `--workers` have one more variable for all commands, such
as `SIMULATOR_STATE`. The command line has precedence over the command's variable, and that over the variable for all.
An option that may be given more than once takes several values from a variable, separated by blanks; a flag takes `1`
or `0`.
`SIMULATOR_DEBUG=1` prints the traceback of a failure instead of writing it to a file.

`simulator --install-completion` installs completion of commands, options, values and shipped scenarios for the current
shell; `simulator --show-completion` prints it.
"""


def cli_page() -> str:
    """Return the page of all commands with their arguments and options."""
    group: Any = typer.main.get_command(app)
    parts = ["# Command line\n", _ABOUT]
    for name in group.list_commands(None):
        parts += _verb(group.get_command(None, name), f"simulator {name}", 2)
    return "\n".join(parts)


def _verb(command: Any, path: str, level: int) -> list[str]:
    context = command.make_context(path, [], resilient_parsing=True)
    prepared(command, context)
    about = re.sub(r"\s*\n\s*", " ", command.help or "")
    parts = [f"{'#' * level} {path}\n", f"{cell(about)}\n"]
    if examples := EXAMPLES.get(path.removeprefix("simulator ")):
        parts.append("\n".join(("```sh", *examples, "```\n")))
    if hasattr(command, "list_commands"):
        for name in command.list_commands(context):
            parts += _verb(command.get_command(context, name), f"{path} {name}", level + 1)
        return parts
    pieces = " ".join(piece.strip("{}") for piece in command.collect_usage_pieces(context))
    parts.append(f"```text\n{path} {pieces}\n```\n")
    panels: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.params:
        if record := parameter.get_help_record(context):
            panels.setdefault(getattr(parameter, "rich_help_panel", None) or "", []).append(record)
    for panel in sorted(panels, key=bool):  # options without a panel first
        parts += [f"{panel}:\n"] if panel else []
        rows = ([code(names), cell(about or "")] for names, about in panels[panel])
        parts.append(table(["option", "what it does"], rows))
    return parts
