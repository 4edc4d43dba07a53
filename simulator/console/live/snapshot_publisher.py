"""Converts a run to messages for the open pages. Used on the loop of the run.

While a page is open, a frame is published at most ten times a second, the series of the charts twice a second, the
verdict so far every two seconds, and events as they are recorded. While none is open, nothing is prepared or kept.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from simulator.console.live.commands import CommandHandler
from simulator.console.live.events import event_rows
from simulator.console.live.frames import ServiceFrames
from simulator.console.live.view_model import ViewModel
from simulator.records.events import OutputWritten, ScalingDecided
from simulator.records.request_log import Chunk
from simulator.world.clock import wall_s
from simulator.world.playback import Playback

FRAME_EVERY_S: Final = 0.1
SERIES_EVERY_S: Final = 0.5
# The verdict takes a share of the time of the run's loop of at most the inverse of the second value.
VERDICT_EVERY_S: Final = 2.0
_VERDICT_COST: Final = 50.0
# Maximum number of lines of instances that are kept for pages opened later.
LINES_KEPT: Final = 500


@dataclass(slots=True)
class _Due:
    """The wall-clock time, in seconds, at which the next message of a kind is due."""

    frame_s: float = 0.0
    series_s: float = 0.0
    verdict_s: float = 0.0


@dataclass(slots=True)
class Lines:
    """Lines written by instances. `dropped`: the number of lines before the first of `kept`."""

    kept: list[dict[str, Any]] = field(default_factory=list)
    dropped: int = 0

    def add(self, row: dict[str, Any]) -> None:
        self.kept.append(row)
        if len(self.kept) > 2 * LINES_KEPT:
            self.dropped += LINES_KEPT
            del self.kept[:LINES_KEPT]

    @property
    def count(self) -> int:
        return self.dropped + len(self.kept)

    def since(self, count: int) -> list[dict[str, Any]]:
        return self.kept[max(0, count - self.dropped) :]


class SnapshotPublisher:
    """The messages of one run. `is_watched`: whether a page is open. `publish` receives messages. Both: in any thread.

    With a `playback`, the caller sets it to call `publish_due`.
    """

    def __init__(
        self,
        view_model: ViewModel,
        command_handler: CommandHandler,
        playback: Playback | None,
        is_watched: Callable[[], bool],
        publish: Callable[[bytes], None],
    ) -> None:
        self.command_handler = command_handler
        self._view_model = view_model
        self._playback = playback
        self._is_watched = is_watched
        self._publish = publish
        self._frames: dict[str, ServiceFrames] = {}
        self._due = _Due()
        self._attended = False
        self._facts_told = 0
        self._version_told = -1
        self._lines = Lines()
        self._lines_told = 0
        self._woken = asyncio.Event()
        platform = view_model.platform
        platform.journal.subscribe(Chunk, self._read)
        platform.journal.subscribe(ScalingDecided, self._decided)
        platform.journal.subscribe(OutputWritten, self._written)
        if playback is None:
            platform.tasks.spawn(self._publish_repeatedly(), "console")

    # --- messages ---

    def hello(self) -> bytes:
        """Return the complete state for a page that has just been opened."""
        self._attend()
        journal = self._view_model.platform.journal
        events = {"from": 0, "until": journal.recorded, "rows": event_rows(journal.events)}
        self._meet()
        return (
            message("hello", self._about())
            + self._operations()
            + message("facts", events)
            + message("lines", {"from": self._lines.dropped, "rows": self._lines.kept})
            + self._series()
            + self._verdict()
            + self._frame(whole=True)
        )

    def publish_due(self) -> float:
        """Publish due messages. Return the wall-clock seconds until the next is due; infinite if no page is open."""
        if not self._is_watched():
            if self._attended:
                self._attended = False
                self._view_model.attended(False)
            return math.inf
        self._attend()
        now_s = wall_s()
        if now_s >= self._due.frame_s:
            self._due.frame_s = now_s + FRAME_EVERY_S
            parts = [self._what_changed(), self._frame(whole=False), self._facts(), self._new_lines()]
            if now_s >= self._due.series_s:
                self._due.series_s = now_s + SERIES_EVERY_S
                parts.append(self._series())
            if now_s >= self._due.verdict_s:
                parts.append(self._verdict())
                self._due.verdict_s = now_s + max(VERDICT_EVERY_S, _VERDICT_COST * (wall_s() - now_s))
            self._publish(b"".join(parts))
        return max(0.0, self._due.frame_s - wall_s())

    def publish_now(self) -> None:
        """Publish now, because a page has been opened."""
        self._woken.set()

    def _about(self) -> dict[str, Any]:
        view_model = self._view_model
        services = [view_model.about_service(name) for name in self._frames]
        operations = self.command_handler.operate is not None
        return {**view_model.about(), "operations": operations, "services": services}

    def _what_changed(self) -> bytes:
        """Return messages about services, their states and operations, if any of these may have changed."""
        version = self._view_model.version()
        if not self._meet() and version == self._version_told:
            return b""
        self._version_told = version
        return message("about", self._about()) + self._operations()

    def _operations(self) -> bytes:
        rows = self._view_model.operations()
        return b"" if rows is None else message("operations", {"rows": rows})

    def _meet(self) -> bool:
        """Update the set of services, which an API may create and delete. Return True if it has changed."""
        services = self._view_model.platform.services
        known = {name: frames.service for name, frames in self._frames.items()}
        if known == services:
            return False
        for name in [name for name, service in known.items() if services.get(name) is not service]:
            del self._frames[name]
        for name, service in services.items():
            if name not in self._frames:
                self._frames[name] = ServiceFrames(self._view_model, service)
        return True

    def _frame(self, *, whole: bool) -> bytes:
        self._view_model.flush()
        now_s = self._view_model.platform.clock.at_s()
        return message(
            "frame",
            {
                "t": now_s,
                "state": self._state(),
                "speed": None if self._playback is None else self._playback.speed,
                "services": {name: frames.frame(now_s, whole=whole) for name, frames in self._frames.items()},
            },
        )

    def _state(self) -> str:
        playback = self._playback
        if playback is None or playback.playing:
            return "playing"
        return "stepping" if playback.stepping else "paused"

    def _series(self) -> bytes:
        return message("series", {name: self._view_model.series(name) for name in self._frames})

    def _verdict(self) -> bytes:
        verdict = self._view_model.verdict()
        return b"" if verdict is None else message("verdict", verdict)

    def _facts(self) -> bytes:
        journal = self._view_model.platform.journal
        given, self._facts_told = self._facts_told, journal.recorded
        rows = event_rows(journal.since(given))
        return message("facts", {"from": given, "until": journal.recorded, "rows": rows}) if rows else b""

    def _new_lines(self) -> bytes:
        given, self._lines_told = self._lines_told, self._lines.count
        rows = self._lines.since(given)
        return message("lines", {"from": self._lines.count - len(rows), "rows": rows}) if rows else b""

    # --- callbacks -------------------------------------------------------------------------------------------------

    def _attend(self) -> None:
        if self._attended:
            return
        self._attended = True
        self._view_model.attended(True)
        self._facts_told = self._view_model.platform.journal.recorded
        self._lines_told = self._lines.count
        for frames in self._frames.values():
            frames.attend()

    def _read(self, chunk: Chunk) -> None:
        if self._attended:
            for frames in self._frames.values():
                frames.read(chunk)

    def _decided(self, _decision: ScalingDecided) -> None:
        """End a step that lasts until the next decision."""
        playback = self._playback
        if playback is not None and playback.stepping_open_end:
            playback.pause(asyncio.get_running_loop().time())

    def _written(self, output: OutputWritten) -> None:
        at_s = self._view_model.platform.clock.at_s()
        row = {"at_s": at_s, "service": output.service, "instance": output.instance, "line": output.line[:2000]}
        self._lines.add(row)

    async def _publish_repeatedly(self) -> None:
        """Call `publish_due` repeatedly in real time, where no `Playback` of the loop does so."""
        while True:
            wait_s = self.publish_due()
            if math.isinf(wait_s):
                self._woken.clear()
                await self._woken.wait()
            else:
                await asyncio.sleep(max(wait_s, FRAME_EVERY_S / 2))


def message(kind: str, data: dict[str, Any]) -> bytes:
    """Encode one server-sent event."""
    return b"event: " + kind.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"
