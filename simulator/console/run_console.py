"""The console of one run: its web server in a thread of its own, whatever clock the run has.

The run keeps its loop to itself: virtual time lets no socket in, and the server outlives the run, so that people can go
on looking at it. Between the two go messages (bytes, from the run) and calls (through the loop's thread-safe door).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import Final, Self, TypeVar

import uvloop
from aiohttp import web

from simulator.console.acts import Actor, ActRefused, parse_act
from simulator.console.audience import Audience
from simulator.console.scene import RunScene
from simulator.console.show import Show, message
from simulator.console.web_app import HOST, build_app
from simulator.console.web_guard import Guard
from simulator.replay.control import RunControl
from simulator.replay.deploy_spec import ApiCall, DeploySpec
from simulator.replay.runner import Run
from simulator.replay.stage import Stage
from simulator.world.pace import Pace

T = TypeVar("T")

_OPERATIONS: Final = {"pause": "PauseService", "resume": "ResumeService"}

# A run that does not answer for so long hangs in one event, or has just ended.
ANSWER_S_MAX: Final = 10.0


class RunConsole:
    """Open it before the run; it is a context manager. Raises OSError when the port cannot be had.

    `pace` None: the run is in real time. In virtual time it begins to play when the first page is opened.
    """

    def __init__(self, port: int, pace: Pace | None) -> None:
        self._pace = pace
        self._guard = Guard()
        self._audience = Audience()
        self._show: Show | None = None
        self._run_loop: asyncio.AbstractEventLoop | None = None
        self._last: bytes | None = None  # the whole as it was in the end
        self._report: str | None = None
        self._played = False
        self.begun = threading.Event()  # the run is on its stage
        self._wanted_port = port
        self._listening: concurrent.futures.Future[int] = concurrent.futures.Future()
        self._web_loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._serve_in_thread, name="console", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._guard.port = self._listening.result()
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
        """Of the server's thread, as the operating system counts them."""
        return self._thread.native_id

    @property
    def url(self) -> str:
        """With the token behind `#`, which browsers keep to themselves."""
        return f"http://{HOST}:{self._guard.port}/#token={self._guard.token}"

    # --- the run's side ---

    def attach(self, run: Run) -> None:
        """The run will be watched."""
        run.pace, run.on_stage, run.on_close = self._pace, self._on_stage, self._last_look

    def stop_run(self, run: Run) -> None:
        """End the run that was attached, from any thread; nothing happens when it is over."""
        loop = self._run_loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # its loop was closed this very moment
                loop.call_soon_threadsafe(run.interrupt)

    def _on_stage(self, stage: Stage) -> None:
        """The run begins; on its loop."""
        self._run_loop = asyncio.get_running_loop()
        operate = None if stage.control is None else partial(_operate, stage.control)
        actor = Actor(stage.platform, self._pace, stage.knobs, operate)
        self._show = Show(RunScene(stage), actor, self._pace, lambda: self._audience.present > 0, self._publish)
        if self._pace is not None:
            self._played = self._audience.present > 0
            self._pace.begin(self._run_loop.time(), playing=self._played)
        self._publish(self._show.hello())
        self.begun.set()

    def _last_look(self) -> None:
        """The run is about to close its platform; on its loop."""
        if self._show is not None:
            self._last = self._show.hello()

    def finish(self, report: str) -> None:
        """The run is over, and this is its report as a page; after its loop."""
        self._report = report
        self._run_loop = None
        ended = message("ended", {"report": "/report.html"})
        self._last = (self._last or b"") + ended
        self._publish(ended)

    def _publish(self, news: bytes) -> None:
        if self._web_loop is not None:
            self._web_loop.call_soon_threadsafe(self._audience.spread, news)

    # --- the web's side ---

    def _serve_in_thread(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._web_loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.AppRunner(build_app(self, self._audience, self._guard), access_log=None, shutdown_timeout=1.0)
        await app.setup()
        try:
            site = web.TCPSite(app, HOST, self._wanted_port)
            await site.start()
        except OSError as error:
            await app.cleanup()
            self._listening.set_exception(error)
            return
        self._listening.set_result(app.addresses[0][1])
        await self._stop.wait()
        self._audience.close()
        await app.cleanup()

    async def hello(self) -> bytes:
        if self._run_loop is None or self._show is None:
            return self._last or message("opening", {})
        show = self._show

        def begun() -> bytes:
            if self._pace is not None and not self._played:
                self._pace.play(asyncio.get_running_loop().time())
            self._played = True  # once: who pauses and reloads the page finds it paused
            show.wake()
            return show.hello()

        try:
            return await self._on_run(begun)
        except TimeoutError:
            return self._last or message("opening", {})

    async def act(self, body: bytes) -> str:
        act = parse_act(body)
        show = self._show
        if self._run_loop is None or show is None:
            raise ActRefused("the run is over" if self._last else "the run has not begun yet")
        try:
            return await self._on_run(lambda: show.actor.act(act))
        except TimeoutError as error:
            raise ActRefused(f"the run has not answered for {ANSWER_S_MAX:g} s") from error

    def report(self) -> str | None:
        return self._report

    async def _on_run(self, call: Callable[[], T]) -> T:
        """What `call` gives or raises, on the loop of the run."""
        loop = self._run_loop
        if loop is None:
            raise TimeoutError
        answer: concurrent.futures.Future[T] = concurrent.futures.Future()

        def carry_out() -> None:
            if not answer.set_running_or_notify_cancel():
                return  # who asked has gone
            try:
                result = call()
            except Exception as error:  # noqa: BLE001 it is handed on to who asked
                answer.set_exception(error)
            else:
                answer.set_result(result)

        with contextlib.suppress(RuntimeError):  # closed this very moment: nobody answers
            loop.call_soon_threadsafe(carry_out)
        return await asyncio.wait_for(asyncio.wrap_future(answer), ANSWER_S_MAX)


def _operate(control: RunControl, what: str, service: str) -> str:
    """As the scenario's timeline would do it: `deploy` with a version that behaves as the one before."""
    if what == "deploy":
        return control.deploy(DeploySpec(service=service))
    said = control.call(ApiCall(operation=_OPERATIONS[what], request={"ServiceArn": service}))
    if " is refused: " in said:
        raise ActRefused(said)
    return said
