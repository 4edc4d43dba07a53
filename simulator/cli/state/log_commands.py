"""Reads a simulator's log entries from another process, while it runs or afterwards."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from simulator.assembly.control_plane import STORE_NAME
from simulator.cli.exit_codes import bad_input
from simulator.cli.printing import echo
from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.store import EntryReader
from simulator.control.state.store_file import StoreError
from simulator.model.resources.arn import Arn
from simulator.model.text.problems import one_of
from simulator.world.clock import ClockKind, run

T = TypeVar("T")

LAST_DEFAULT: Final = 1000
_LOOKED_EVERY_S: Final = 0.2
_PAGE: Final = 1000

Wanted = Callable[[LogEntry], bool]
Shown = Callable[[LogEntry], str]


@contextlib.contextmanager
def reader(state: Path) -> Iterator[EntryReader]:
    """Open the state for reading. Ends the command if the folder has no state, or it cannot be read."""
    path = state / STORE_NAME
    if not path.exists():
        bad_input(f"state folder {state}: there is no state in it; start `simulator serve --state {state}` first")
    try:
        opened = EntryReader(path)
        with contextlib.closing(opened):
            yield opened
    except StoreError as error:
        bad_input(str(error))


def service_arn(entries: EntryReader, service: str) -> str:
    """Return the ARN of a service given by ARN, id or name; of the newest service if a name was reused.

    Ends the command if there is none, or if services of several accounts or Regions have that name.
    """
    known = entries.services()
    found = [arn for arn in known if service in {arn, Arn.parse(arn).name, Arn.parse(arn).resource_id}]
    if not found:
        names = sorted({Arn.parse(arn).name for arn in known})
        expected = one_of(service, names) if names else "created first: there is no service yet"
        bad_input(f"service = {service}, must be {expected}")
    if len({Arn.parse(arn).owner_key for arn in found}) > 1:
        bad_input(f"service = {service}, must be an ARN, as there are several: {', '.join(found)}")
    return found[0]


class Tail:
    """The entries of one kind, each once: first the existing ones, then the new ones on each call."""

    def __init__(self, entries: EntryReader, kind: EntryKind, service: str | None) -> None:
        self._entries = entries
        self._kind = kind
        self._service = service
        self._cursor = 0

    def new(self) -> Iterator[LogEntry]:
        """Yield the new entries, oldest first. Raises StoreError if the state cannot be read."""
        while page := self._entries.entries_after(self._cursor, kind=self._kind, service=self._service, limit=_PAGE):
            self._cursor = page[-1].cursor
            yield from page


def show(
    tail: Tail,
    shown: Shown,
    *,
    wanted: Wanted = lambda _entry: True,
    last: int = LAST_DEFAULT,
    follow: bool = False,
) -> None:
    """Print the last entries, oldest first; with `follow`, also new ones until Ctrl-C. Raises StoreError."""
    for entry in deque(_wanted(tail, wanted), maxlen=last):
        echo(_judged(shown, entry))
    if not follow:
        return
    stop = asyncio.Event()

    async def until_stopped() -> None:
        while not stop.is_set():
            for entry in _wanted(tail, wanted):
                echo(_judged(shown, entry))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _LOOKED_EVERY_S)

    run(ClockKind.REAL, until_stopped, stop.set)


def _wanted(tail: Tail, wanted: Wanted) -> Iterator[LogEntry]:
    return (entry for entry in tail.new() if _judged(wanted, entry))


def _judged(asked: Callable[[LogEntry], T], entry: LogEntry) -> T:
    """Apply `asked` to the entry.

    Raises:
        StoreError: if the entry does not have the format of its kind.
    """
    try:
        return asked(entry)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise StoreError(f"entry {entry.cursor}, a {entry.kind}, is damaged: {type(error).__name__} {error}") from error
