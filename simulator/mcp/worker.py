"""The process that plays: reads calls from standard input, and writes progress and results to standard output.

The server ends it with its group when a call is cancelled or takes too long. It ends itself when its input ends, which
happens if the server has ended, so no run outlives the server.
"""

from __future__ import annotations

import math
import os
import queue
import resource
import signal
import sys
import threading
import traceback
from typing import Any, BinaryIO, Final

from pydantic import BaseModel

from simulator.lab.extras import MissingLibrary
from simulator.mcp.failure import ToolFailure
from simulator.mcp.messages import (
    RESULT_BYTES_MAX,
    CallFailed,
    CallProgress,
    CallResult,
    ToolCall,
    line_of,
)
from simulator.mcp.report_cache import ReportCache
from simulator.mcp.settings import ToolServerSettings
from simulator.mcp.tools.registry import TOOLS
from simulator.mcp.tools.tool import ToolContext
from simulator.mcp.workspace import Workspace
from simulator.model.text.quantities import bytes_text
from simulator.replay.runner import BrokenRun
from simulator.scenario.problems import ScenarioError
from simulator.world.clock import wall_s

DIGITS: Final = 6
EVERY_S: Final = 0.2  # between two messages about progress: a comparison ends hundreds of runs a second
# Failures that the agent can avoid with another call; their messages name the place and the value.
EXPECTED = (ToolFailure, ScenarioError, ValueError, BrokenRun, MissingLibrary, OSError)


class Player:
    """Plays calls, one after the other, and writes messages to `out`."""

    def __init__(self, settings: ToolServerSettings, out: BinaryIO) -> None:
        self._settings = settings
        self._out = out
        self._context = ToolContext(Workspace(settings), ReportCache(), self._tell)
        self._next_s = 0.0

    def play(self, call: ToolCall) -> None:
        """Play the call and write its last message."""
        tool = TOOLS[call.tool]
        try:
            with self._context.workspace.confined():
                value = tool.play(tool.arguments.model_validate(call.arguments), self._context)
            message: BaseModel = _result(value)
        except EXPECTED as error:
            message = CallFailed(text=str(error))
        except MemoryError:
            limit = bytes_text(self._settings.memory_bytes)
            message = CallFailed(
                text=f"memory = more than {limit}, must be at most {limit}: play a shorter scenario, or lower rates "
                "(simulator mcp --memory-limit)"
            )
        except Exception as error:  # noqa: BLE001 the next call must be possible
            traceback.print_exc()
            message = CallFailed(
                text=f"{call.tool} failed by an error of the simulator, {type(error).__name__}: {error}; its traceback "
                "is on the standard error of the server"
            )
        self._write(message)

    def _tell(self, done: float, total: float | None, text: str) -> None:
        now_s = wall_s()
        if now_s >= self._next_s:
            self._next_s = now_s + EVERY_S
            self._write(CallProgress(done=done, total=total, text=text))

    def _write(self, message: BaseModel) -> None:
        self._out.write(line_of(message))
        self._out.flush()


def _result(value: BaseModel) -> CallResult | CallFailed:
    message = CallResult(value=_rounded(value.model_dump(mode="json")))
    size = len(line_of(message))
    if size <= RESULT_BYTES_MAX:
        return message
    return CallFailed(
        text=f"result = {bytes_text(size)}, must be at most {bytes_text(RESULT_BYTES_MAX)}: ask about fewer services, "
        "candidates, rates or scenarios"
    )


def _rounded(value: Any) -> Any:
    """Return the value with numbers of six significant digits: more are no information, and each is a token."""
    match value:
        case float():
            return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
        case dict():
            return {key: _rounded(inner) for key, inner in value.items()}
        case list():
            return [_rounded(inner) for inner in value]
        case _:
            return value


def limit_memory(size_bytes: int) -> None:
    """Limit the memory of this process and of the processes that it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = size_bytes if most == resource.RLIM_INFINITY else min(size_bytes, most)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


def main() -> None:
    """Read calls until the input ends. The first argument is the settings as JSON."""
    settings = ToolServerSettings.model_validate_json(sys.argv[1])
    os.chdir(settings.root)
    limit_memory(settings.memory_bytes)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a policy or a library prints must not be between the messages
    calls: queue.SimpleQueue[ToolCall] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin.buffer:
            calls.put(ToolCall.model_validate_json(line))
        os.killpg(0, signal.SIGKILL)  # this process leads a group that has only its own workers

    threading.Thread(target=read, name="calls", daemon=True).start()
    player = Player(settings, out)
    while True:
        player.play(calls.get())
