"""What a tool is: its name and description, its arguments and result, and the function that plays it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import BeforeValidator, ConfigDict, Field

from simulator.mcp.report_cache import ReportCache
from simulator.mcp.workspace import Workspace
from simulator.model.text.field_docstrings import DescribedModel

SEEDS_MAX: Final = 30
CANDIDATES_MAX: Final = 12


class ToolArguments(DescribedModel):
    """Base class of the arguments of tools; the docstring under a field is its description for the agent."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolOutput(DescribedModel):
    """Base class of the results of tools; the docstring under a field is its description for the agent."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def decoded(value: object) -> object:
    """Return the JSON document in a text: some clients send an object as its text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


ChangedValues = Annotated[dict[str, Any], BeforeValidator(decoded)]
Names = Annotated[list[str], BeforeValidator(decoded)]


class ScenarioArguments(ToolArguments):
    """A scenario, and how to play it."""

    scenario: str
    """The name of a shipped scenario, a file below the server's root, or the whole text of a scenario in YAML."""
    changes: ChangedValues = Field(default={})
    """Values to change before the run, by key as in `simulator sweep --vary`: {"max_concurrency": 20} for every
    service, {"web.min_size": 3} for one, {"web.policy.window": "30s"}, {"traffic.visitors.poisson.rate": "80/s"}. The
    file is not changed.
    """
    seed: int | None = Field(default=None, ge=0)
    """Seed of the random numbers; default: that of the scenario. The same seed gives the same result."""


Tell = Callable[[float, float | None, str], None]


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool has beside its arguments. Call `tell` with the steps done, their number if known, and a text."""

    workspace: Workspace
    reports: ReportCache
    tell: Tell


A = TypeVar("A", bound=ToolArguments)
R = TypeVar("R", bound=ToolOutput)


@dataclass(frozen=True, slots=True)
class AgentTool(Generic[A, R]):
    """A tool. `description` says what it answers and when to use it; `writes`: it changes files."""

    name: str
    title: str
    description: str
    arguments: type[A]
    result: type[R]
    play: Callable[[A, ToolContext], R]
    writes: bool = False
