"""`simulator mcp`: serves tools to agents over the Model Context Protocol."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import typer

from simulator.cli.exit_codes import bad_input
from simulator.cli.outputs import written
from simulator.cli.printing import echo
from simulator.model.text.units import parse_bytes, parse_duration

TIME_LIMIT: Final = "5m"
MEMORY_LIMIT: Final = "4GB"
_MEMORY_MIN: Final = 256 * 1024**2  # an idle process that plays has 100 to 150 MB


def mcp_verb(
    root: Path = typer.Argument(
        Path(), metavar="[FOLDER]", help="The folder whose files the tools read.", show_default="."
    ),
    allow_writes: bool = typer.Option(
        False, "--allow-writes", help="Offer a tool that writes scenario files in FOLDER."
    ),
    allow_python: bool = typer.Option(
        False, "--allow-python", help="Execute policies in Python files of FOLDER that a scenario names."
    ),
    time_limit: str = typer.Option(TIME_LIMIT, "--time-limit", metavar="TIME", help="The longest time of a call."),
    memory_limit: str = typer.Option(
        MEMORY_LIMIT, "--memory-limit", metavar="SIZE", help="The most memory of each process that plays."
    ),
    workers: int = typer.Option(0, min=0, help="Processes of this machine; 0 is one for each core."),
    skill: Path | None = typer.Option(
        None,
        "--skill",
        metavar="FILE",
        help="Write the skill that teaches an agent which questions to ask to FILE, and end.",
    ),
) -> None:
    """Serve tools to agents over the Model Context Protocol: run, verdict, why, tune, compare, predict.

    Agents start it themselves: it answers on standard input and output, and ends with its input. Tools only read, in
    FOLDER, unless an option allows more.
    """
    if skill is not None:
        from simulator.mcp.skill.skill import skill_text  # noqa: PLC0415 without the server

        with written("skill", skill) as stream:
            stream.write(skill_text())
        echo(f"{skill} written", err=True)
        return
    if not root.is_dir():
        bad_input(f"FOLDER = {str(root)!r}, must be an existing folder")
    time_limit_s, memory_bytes = _limits(time_limit, memory_limit)
    from simulator.mcp.server import serve_stdio  # noqa: PLC0415 only to serve
    from simulator.mcp.settings import ToolServerSettings  # noqa: PLC0415

    serve_stdio(
        ToolServerSettings(
            root=root.resolve(),
            allows_writes=allow_writes,
            allows_python=allow_python,
            time_limit_s=time_limit_s,
            memory_bytes=memory_bytes,
            workers=workers or os.cpu_count() or 1,
        )
    )


def _limits(time_limit: str, memory_limit: str) -> tuple[float, int]:
    try:
        time_limit_s = parse_duration(time_limit)
    except ValueError as error:
        bad_input(f"time-limit = {time_limit!r}, must be a time such as {TIME_LIMIT}: {error}")
    try:
        memory_bytes = parse_bytes(memory_limit)
    except ValueError as error:
        bad_input(f"memory-limit = {memory_limit!r}, must be a size such as {MEMORY_LIMIT}: {error}")
    if time_limit_s < 1:
        bad_input(f"time-limit = {time_limit!r}, must be at least 1s")
    if memory_bytes < _MEMORY_MIN:
        bad_input(f"memory-limit = {memory_limit!r}, must be at least 256MB")
    return time_limit_s, memory_bytes
