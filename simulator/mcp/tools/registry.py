"""The tools by name, in the order in which they are listed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simulator.mcp.tools.compare import COMPARE
from simulator.mcp.tools.predict import PREDICT
from simulator.mcp.tools.runs import RUN, VERDICT, WHY
from simulator.mcp.tools.scenarios import CHECK, LIST, READ, WRITE
from simulator.mcp.tools.tool import AgentTool
from simulator.mcp.tools.tune import TUNE

TOOLS: Final[Mapping[str, AgentTool[Any, Any]]] = {
    tool.name: tool for tool in (LIST, READ, CHECK, RUN, VERDICT, WHY, TUNE, COMPARE, PREDICT, WRITE)
}


def offered(*, writes: bool) -> list[AgentTool[Any, Any]]:
    """Return the tools that a server offers; those that write only if it allows them."""
    return [tool for tool in TOOLS.values() if writes or not tool.writes]
