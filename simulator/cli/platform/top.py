"""`simulator top`: a live view of a simulator that runs with its console."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import typer
from rich.console import Console
from rich.live import Live

from simulator.cli.console_port import DEFAULT_PORT
from simulator.cli.exit_codes import bad_input
from simulator.cli.terminal import Terminal
from simulator.console.http.feed_client import NoFeed, feed
from simulator.console.sparkline import BLOCKS, PLAIN
from simulator.console.top_view import TopView
from simulator.world.clock import ClockKind, run, wall_s
from simulator.world.tasks import Tasks, first_of

DRAW_EVERY_S: Final = 0.25
LINE_EVERY_S: Final = 5.0


def top(
    url: str = typer.Argument(
        f"http://127.0.0.1:{DEFAULT_PORT}/", metavar="URL", help="The address that `--console` printed."
    ),
    once: bool = typer.Option(False, "--once", help="Print one snapshot and exit."),
) -> None:
    """Watch a running simulator on a terminal: rates, instances, latency, latest events. Ctrl-C ends it."""
    console = Terminal()
    stop = asyncio.Event()
    try:
        run(ClockKind.REAL, lambda: _until_stopped(stop, url, console, once=once), stop.set)
    except NoFeed as error:
        bad_input(str(error))


async def _until_stopped(stop: asyncio.Event, url: str, console: Console, *, once: bool) -> None:
    async with Tasks("top") as tasks:
        watching = tasks.spawn(_watch(url, console, once=once), "feed")
        if await first_of(watching, tasks.spawn(stop.wait(), "until stopped")) == 0:
            watching.result()


async def _watch(url: str, console: Console, *, once: bool) -> None:
    """Show the live view until the server ends; on outputs other than a terminal, occasional lines."""
    view = TopView(PLAIN if console.options.ascii_only else BLOCKS)
    moves = console.is_terminal and not once
    live = Live(console=console, auto_refresh=False, screen=True) if moves else None
    due_s = 0.0
    with live or contextlib.nullcontext():
        async for kind, data in feed(url):
            view.take(kind, data)
            if once and view.is_ready:
                console.print(view.show(console.width))
                return
            if view.is_ready and wall_s() >= due_s:
                due_s = wall_s() + (LINE_EVERY_S if live is None else DRAW_EVERY_S)
                if live is None:
                    console.print(view.line(), soft_wrap=True, markup=False)
                else:
                    live.update(view.show(console.width), refresh=True)
    console.print(view.show(console.width) if moves else "the simulator has ended")
