"""Errors in the arguments of a call: the argument, its value, what is expected, and the nearest valid name."""

from __future__ import annotations

import json
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from simulator.mcp.failure import ToolFailure
from simulator.mcp.tools.tool import AgentTool, ToolArguments
from simulator.model.text.problems import one_of

SHOWN_MAX: Final = 80  # characters of a value in a message

A = TypeVar("A", bound=ToolArguments)


def arguments_of(tool: AgentTool[A, Any], given: dict[str, Any]) -> A:
    """Return the arguments of a call.

    Raises:
        ToolFailure: with a line for each argument that is wrong.
    """
    try:
        return tool.arguments.model_validate(given)
    except ValidationError as error:
        lines = [_line(tool, dict(each)) for each in error.errors(include_url=False)]
        raise ToolFailure("\n".join(lines)) from error


def _line(tool: AgentTool[Any, Any], error: dict[str, Any]) -> str:
    place = ".".join(map(str, error["loc"]))
    names = list(tool.arguments.model_fields)
    match error["type"]:
        case "extra_forbidden":
            return f"{place} = {_shown(error['input'])}, must be {one_of(place, names)}"
        case "missing":
            return f"{place} = left out, must be given"
        case _:
            expected = str(error["msg"]).removeprefix("Input should be ").removeprefix("Value error, ")
            return f"{place} = {_shown(error['input'])}, must be {expected}"


def _shown(value: object) -> str:
    text = json.dumps(value, default=repr, ensure_ascii=False)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}..."
