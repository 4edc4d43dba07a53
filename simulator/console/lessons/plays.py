"""Lessons that are being played for pages, in a thread each, in virtual time at a speed that people can watch.

Used on the loop of the web server. A play begins when its page has opened the feed, and ends when no page watches it
any more; its outcome is kept for a while, for a page that reconnects.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
from typing import Any, Final

from simulator.console.http.sse_hub import SseHub
from simulator.console.lessons.parts import outcome_part
from simulator.console.live.commands import ClockCommand, CommandRejected, parse_command
from simulator.console.live.watched_run import WatchedRun
from simulator.lessons.lesson import Lesson
from simulator.lessons.play import play_lesson
from simulator.replay.runner import BrokenRun, InterruptedRun
from simulator.scenario.problems import ScenarioError
from simulator.world.clock import wall_s
from simulator.world.playback import SPEED_MAX, Playback

LENGTH_S: Final = 20.0  # seconds that a lesson takes at its initial speed: long enough to be watched
GONE_S: Final = 10.0  # seconds; reloading a page takes less
PLAYS_MAX: Final = 3  # at the same time; one user is expected, but may have forgotten tabs
KEPT_MAX: Final = 4  # outcomes, each of about a megabyte


class LessonPlay:
    """One play of a lesson. If `knob` is not None, it is the value of the lesson's parameter."""

    def __init__(self, lesson: Lesson, prediction: float | str | None, knob: Any) -> None:
        self.hub = SseHub()
        self._loop = asyncio.get_running_loop()
        scenario = lesson.read_scenario(knob)
        playback = Playback(wall_s, min(SPEED_MAX, max(1.0, scenario.duration_s / LENGTH_S)))
        self.watched = WatchedRun(playback, self.hub, self._publish)
        self.thread = threading.Thread(
            target=self._play, args=(lesson, prediction, knob), name=f"lesson {lesson.name}", daemon=True
        )

    def _play(self, lesson: Lesson, prediction: float | str | None, knob: Any) -> None:
        try:
            outcome = play_lesson(lesson, knob, self.watched.attach)
        except InterruptedRun:
            given: dict[str, Any] = {"broke": "it was stopped before it began"}
        except (BrokenRun, ScenarioError) as error:
            given = {"broke": str(error)}
        else:
            complete = outcome.report.run.complete
            given = {"outcome": outcome_part(outcome, prediction)} if complete else {"broke": "it was stopped early"}
        self.watched.finish(given)

    def _publish(self, news: bytes) -> None:
        with contextlib.suppress(RuntimeError):  # the server has closed
            self._loop.call_soon_threadsafe(self.hub.spread, news)


class LessonPlays:
    """All plays of the server. Create it on the loop of the web server."""

    def __init__(self) -> None:
        self._plays: dict[str, LessonPlay] = {}

    def begin(self, lesson: Lesson, given: str | None, knob: str | None) -> str:
        """Begin to play the lesson, and return the name under which it can be watched. `given`: the prediction.

        Raises:
            CommandRejected: if the prediction or the parameter's value is invalid, or too many lessons are being
            played.
        """
        try:
            prediction = None if given is None else lesson.question.read(given)
            value = None if knob is None else lesson.read_knob(knob)
        except (ScenarioError, ValueError) as error:
            raise CommandRejected(str(error)) from error
        if sum(play.thread.is_alive() for play in self._plays.values()) >= PLAYS_MAX:
            raise CommandRejected(f"lessons being played = {PLAYS_MAX}, which is the maximum: wait until one ends")
        name = secrets.token_urlsafe(9)
        play = self._plays[name] = LessonPlay(lesson, prediction, value)
        over = [each for each, one in self._plays.items() if not one.thread.is_alive() and one is not play]
        for each in over[:-KEPT_MAX]:
            del self._plays[each]
        play.thread.start()
        self.end_later_if_unwatched(play)
        return name

    def get(self, name: str) -> LessonPlay | None:
        return self._plays.get(name)

    async def act(self, play: LessonPlay, body: bytes) -> str:
        """Change the clock of the play and describe the change.

        Raises:
            CommandRejected: for commands that would change the lesson.
        """
        act = parse_command(body)
        if not isinstance(act, ClockCommand):
            raise CommandRejected(f"act = {act.act!r}, must be clock: a lesson's run cannot be changed")
        return await play.watched.act(act)

    def end_later_if_unwatched(self, play: LessonPlay) -> None:
        """End the play if no page watches it after a while. Call it when a page has closed."""
        asyncio.get_running_loop().call_later(GONE_S, self._end_if_unwatched, play)

    def _end_if_unwatched(self, play: LessonPlay) -> None:
        if not play.hub.present:
            play.watched.stop()

    async def close(self) -> None:
        """End all plays, and return when their threads have ended."""
        for play in self._plays.values():
            play.watched.stop()
            play.hub.close()
        for play in self._plays.values():
            await asyncio.to_thread(play.thread.join)
