"""A run that pages watch, on either clock. The run and the web server have an event loop each.

The loop of the run may be virtual, which allows no sockets. The two loops exchange messages (bytes, from the run) and
calls (by `call_soon_threadsafe` of the run's loop).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal, TypeVar

from simulator.console.http.sse_hub import SseHub
from simulator.console.live.commands import Command, CommandHandler, CommandRejected, OperationName
from simulator.console.live.snapshot_publisher import SnapshotPublisher, message
from simulator.console.live.view_model import RunViewModel, verdict_data
from simulator.replay.control import RunControl
from simulator.replay.run_context import RunEnded, TrafficBegan
from simulator.replay.runner import Run
from simulator.report.verdict.part import VerdictPart
from simulator.scenario.sections.deploy_spec import ApiCall, DeploySpec
from simulator.world.playback import Playback

T = TypeVar("T")

_OPERATIONS: Final[dict[Literal["pause", "resume"], str]] = {"pause": "PauseService", "resume": "ResumeService"}

# Seconds. A run that does not answer within this time is stuck in one event, or has just ended.
ANSWER_S_MAX: Final = 10.0


class WatchedRun:
    """A watched run. Attach it before it begins. `publish` receives messages for the open pages, in any thread.

    `playback` None: the run is in real time. In virtual time the run begins to play when the first page is opened.
    """

    def __init__(self, playback: Playback | None, hub: SseHub, publish: Callable[[bytes], None]) -> None:
        self._playback = playback
        self._hub = hub
        self._publish = publish
        self._run: Run | None = None
        self._stopped = False
        self._show: SnapshotPublisher | None = None
        self._run_loop: asyncio.AbstractEventLoop | None = None
        self._last: bytes | None = None  # the complete state at the end of the run
        self._played = False
        self.begun = threading.Event()  # set when the run has begun

    # --- called by the run -----------------------------------------------------------------------------------------

    def attach(self, run: Run) -> None:
        """Watch this run."""
        self._run = run
        run.playback = self._playback
        run.journal.subscribe(TrafficBegan, self._begin)
        run.journal.subscribe(RunEnded, self._keep_final_state)

    def stop(self) -> None:
        """End the run, from any thread. Has no effect after its end."""
        self._stopped = True
        run, loop = self._run, self._run_loop
        if run is not None and loop is not None:
            with contextlib.suppress(RuntimeError):  # its loop may have been closed just now
                loop.call_soon_threadsafe(run.interrupt)

    def _begin(self, began: TrafficBegan) -> None:
        """Begin to publish. Called on the run's loop when the run begins."""
        context = began.context
        self._run_loop = asyncio.get_running_loop()
        operate = None if context.control is None else partial(_operate, context.control)
        command_handler = CommandHandler(context.platform, self._playback, context.overrides, operate)
        self._show = SnapshotPublisher(
            RunViewModel(context), command_handler, self._playback, lambda: self._hub.present > 0, self._publish
        )
        if self._playback is not None:
            self._played = self._hub.present > 0
            self._playback.begin(self._run_loop.time(), playing=self._played, look=self._show.publish_due)
        self._publish(self._show.hello())
        self.begun.set()
        if self._stopped and self._run is not None:
            self._run.interrupt()

    def _keep_final_state(self, _ended: RunEnded) -> None:
        """Keep the final state. Called on the run's loop before the platform is closed."""
        if self._show is not None:
            self._last = self._show.hello()

    def finish(self, given: dict[str, Any], verdict: VerdictPart | None = None) -> None:
        """Publish `given` and the verdict as the result of the finished run. Call after its loop has ended."""
        self._run_loop = None
        ended = message("ended", {**given, "verdict": None if verdict is None else verdict_data(verdict)})
        self._last = (self._last or b"") + ended
        self._publish(ended)

    # --- called by the web server ----------------------------------------------------------------------------------

    async def hello(self) -> bytes:
        """Return the messages for a page that has just been opened."""
        if self._run_loop is None or self._show is None:
            return self._last or message("opening", {})
        show = self._show

        def begun() -> bytes:
            if self._playback is not None and not self._played:
                self._playback.play(asyncio.get_running_loop().time())
            self._played = True  # only once: a page that was paused and is reloaded remains paused
            show.publish_now()
            return show.hello()

        try:
            return await self._on_run(begun)
        except TimeoutError:
            return self._last or message("opening", {})

    async def act(self, act: Command) -> str:
        """Carry out the command and describe it. Raises CommandRejected."""
        show = self._show
        if self._run_loop is None or show is None:
            raise CommandRejected("the run is over" if self._last else "the run has not begun yet")
        try:
            return await self._on_run(lambda: show.command_handler.act(act))
        except TimeoutError as error:
            raise CommandRejected(f"the run has not answered for {ANSWER_S_MAX:g} s") from error

    async def _on_run(self, call: Callable[[], T]) -> T:
        """Call `call` on the loop of the run; return its result or raise its exception."""
        loop = self._run_loop
        if loop is None:
            raise TimeoutError
        answer: concurrent.futures.Future[T] = concurrent.futures.Future()

        def carry_out() -> None:
            if not answer.set_running_or_notify_cancel():
                return  # the caller no longer waits
            try:
                result = call()
            except Exception as error:  # noqa: BLE001 it is passed on to the caller
                answer.set_exception(error)
            else:
                answer.set_result(result)

        with contextlib.suppress(RuntimeError):  # the loop may have been closed just now: the call then times out
            loop.call_soon_threadsafe(carry_out)
        return await asyncio.wait_for(asyncio.wrap_future(answer), ANSWER_S_MAX)


def _operate(control: RunControl, what: OperationName, service: str) -> str:
    """Call the operation like the scenario's timeline: `deploy` with a version that behaves like the previous one."""
    if what == "deploy":
        return control.deploy(DeploySpec(service=service))
    said = control.call(ApiCall(operation=_OPERATIONS[what], request={"ServiceArn": service}))
    if " is rejected: " in said:
        raise CommandRejected(said)
    return said
