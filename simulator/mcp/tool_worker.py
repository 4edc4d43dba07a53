"""The server's side of the process that plays: starts it, sends it calls, and ends it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final, assert_never

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from simulator.mcp.failure import ToolFailure
from simulator.mcp.messages import (
    LINE_BYTES_MAX,
    WORKER_MESSAGE,
    CallFailed,
    CallProgress,
    CallResult,
    ToolCall,
    WorkerMessage,
    line_of,
)
from simulator.mcp.settings import ToolServerSettings
from simulator.model.text.quantities import time_text

# -P: the current folder, which belongs to the user, is not on the path of imports
_PROGRAM: Final = ("-P", "-c", "from simulator.mcp.worker import main; main()")

OnProgress = Callable[[CallProgress], Awaitable[None]]


class ToolWorker:
    """A process that plays calls, one after the other. It is started at the first call and kept for the next."""

    def __init__(self, settings: ToolServerSettings) -> None:
        self._settings = settings
        self._turn = anyio.Lock()
        self._process: Process | None = None
        self._lines: BufferedByteReceiveStream | None = None

    async def call(self, call: ToolCall, on_progress: OnProgress) -> dict[str, Any]:
        """Play the call and return its result. If the call is cancelled, the process ends.

        Raises:
            ToolFailure: if it has no result, or takes longer than the limit.
        """
        async with self._turn:
            try:
                with anyio.fail_after(self._settings.time_limit_s):
                    result = await self._played(call, on_progress)
            except BaseException as error:
                await self.end()  # what it writes would be taken for messages of the next call
                if isinstance(error, TimeoutError):
                    raise ToolFailure(self._too_long(call)) from error
                raise
        if isinstance(result, CallFailed):
            raise ToolFailure(result.text)
        return result.value

    async def end(self) -> None:
        """End the process and those that it has started."""
        process, self._process, self._lines = self._process, None, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with anyio.CancelScope(shield=True):
            await process.aclose()

    async def _played(self, call: ToolCall, on_progress: OnProgress) -> CallResult | CallFailed:
        process, lines = await self._started()
        assert process.stdin is not None, "it is a pipe"
        try:
            await process.stdin.send(line_of(call))
            while True:
                message: WorkerMessage = WORKER_MESSAGE.validate_json(await lines.receive_until(b"\n", LINE_BYTES_MAX))
                match message:
                    case CallProgress():
                        await on_progress(message)
                    case CallResult() | CallFailed():
                        return message
                    case _:
                        assert_never(message)
        except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError):
            code = await process.wait()
            await self.end()
            how = f"by signal {-code}, perhaps for lack of memory" if code < 0 else f"with exit code {code}"
            return CallFailed(text=f"{call.tool} has no result: the process that plays ended {how}")

    async def _started(self) -> tuple[Process, BufferedByteReceiveStream]:
        if self._process is None or self._lines is None:
            command = [sys.executable, *_PROGRAM, self._settings.model_dump_json()]
            # a session of its own: Ctrl-C reaches the server only, and its group can be ended as a whole
            self._process = await anyio.open_process(command, stderr=None, start_new_session=True)
            assert self._process.stdout is not None, "it is a pipe"
            self._lines = BufferedByteReceiveStream(self._process.stdout)
        return self._process, self._lines

    def _too_long(self, call: ToolCall) -> str:
        limit = time_text(self._settings.time_limit_s)
        return (
            f"time of {call.tool} = more than {limit}, must be at most {limit}: play a shorter duration, fewer seeds, "
            "candidates or values (simulator mcp --time-limit)"
        )
