"""`simulator lesson --console`: the lessons in a browser, until interrupted."""

from __future__ import annotations

import asyncio

import typer

from simulator.cli.console_port import port_taken
from simulator.cli.listening import allow_many_files
from simulator.console.lesson_console import LessonConsole
from simulator.world.clock import ClockKind, run


def serve_lessons(port: int, name: str) -> None:
    """Serve the lessons. `name`: the first lesson to show; empty for the list."""
    allow_many_files()
    stop = asyncio.Event()
    run(ClockKind.REAL, lambda: _serve(port, name, stop), stop.set)


async def _serve(port: int, name: str, stop: asyncio.Event) -> None:
    try:
        async with LessonConsole(port, name) as console:
            typer.echo(f"lessons at {console.url} until Ctrl-C")
            await stop.wait()
    except OSError as error:
        port_taken(port, error)
