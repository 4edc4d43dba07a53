"""The console of one run: its web server in a separate thread, on either clock of the run.

The server outlives the run, so that its pages stay available. In virtual time it also offers lessons; during a run in
real time they would take CPU time from the requests that are measured.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from typing import Self

import uvloop

from simulator.console.http.guard import RequestGuard
from simulator.console.http.server import Site
from simulator.console.http.sse_hub import SseHub
from simulator.console.lessons.plays import LessonPlays
from simulator.console.live.commands import parse_command
from simulator.console.live.watched_run import WatchedRun
from simulator.console.web_app import build_app
from simulator.replay.runner import Run
from simulator.report.verdict.part import VerdictPart
from simulator.world.playback import Playback


class RunConsole:
    """A context manager; enter it before the run. Raises OSError if the port is not available.

    `playback` None: the run is in real time. In virtual time the run begins to play when the first page is opened.
    """

    def __init__(self, port: int, playback: Playback | None) -> None:
        self._guard = RequestGuard()
        self._hub = SseHub()
        self._with_lessons = playback is not None
        self._watched = WatchedRun(playback, self._hub, self._publish)
        self.begun = self._watched.begun
        self._report: str | None = None
        self._wanted_port = port
        self._listening: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._web_loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._serve_in_thread, name="console", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._listening.result()
        except OSError:
            self._thread.join()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._web_loop is not None and self._stop is not None:
            self._web_loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def thread_id(self) -> int | None:
        """The identifier of the server's thread in the operating system."""
        return self._thread.native_id

    @property
    def url(self) -> str:
        return self._guard.url()

    # --- called by the run -----------------------------------------------------------------------------------------

    def attach(self, run: Run) -> None:
        """Watch this run."""
        self._watched.attach(run)

    def stop_run(self) -> None:
        """End the attached run, from any thread. Has no effect after its end."""
        self._watched.stop()

    def finish(self, report: str, verdict: VerdictPart | None = None) -> None:
        """Publish the report of the finished run as a page, and its verdict. Call after its loop has ended."""
        self._report = report
        self._watched.finish({"report": "/report.html"}, verdict)

    def _publish(self, news: bytes) -> None:
        if self._web_loop is not None:
            self._web_loop.call_soon_threadsafe(self._hub.spread, news)

    # --- called by the web server ----------------------------------------------------------------------------------

    def _serve_in_thread(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._web_loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        lessons = LessonPlays() if self._with_lessons else None
        site = Site(build_app(self, self._hub, self._guard, lessons), self._guard, self._wanted_port)
        try:
            await site.open()
        except OSError as error:
            self._listening.set_exception(error)
            return
        self._listening.set_result(None)
        await self._stop.wait()
        self._hub.close()
        if lessons is not None:
            await lessons.close()
        await site.close()

    async def hello(self) -> bytes:
        return await self._watched.hello()

    async def act(self, body: bytes) -> str:
        return await self._watched.act(parse_command(body))

    def report(self) -> str | None:
        return self._report
