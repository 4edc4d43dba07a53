"""What the tests of the tools share: a context without a worker process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from simulator.mcp.report_cache import ReportCache
from simulator.mcp.settings import ToolServerSettings
from simulator.mcp.tools.argument_errors import arguments_of
from simulator.mcp.tools.tool import AgentTool, ToolArguments, ToolContext, ToolOutput
from simulator.mcp.workspace import Workspace

A = TypeVar("A", bound=ToolArguments)
R = TypeVar("R", bound=ToolOutput)

# At 60/s requests begin every 16.7 ms. Two slots of 45 ms serve two of three requests.
OVERLOADED = """\
description: More load than one instance carries.
duration: 60s
seed: 7
services:
  web:
    max_concurrency: 2
    min_size: 1
    max_size: 1
    application: {simulated: {io: 45ms}}
traffic:
  - {name: visitors, clock: {rate: 60/s}}
checks:
  - error_rate < 1 %
"""


def settings_of(root: Path, **given: Any) -> ToolServerSettings:
    return ToolServerSettings(root=root, **given)


def context_of(root: Path, tell: Callable[[float, float | None, str], None] | None = None, **given: Any) -> ToolContext:
    return ToolContext(Workspace(settings_of(root, **given)), ReportCache(), tell or (lambda *_: None))


def called(tool: AgentTool[A, R], context: ToolContext, **arguments: Any) -> R:
    """Call the tool as the worker does."""
    with context.workspace.confined():
        return tool.play(arguments_of(tool, arguments), context)
