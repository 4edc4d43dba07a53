"""The tools about scenario files: list, read, check and write them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Final

from pydantic import Field

from simulator.calibration.model.model_file import SUFFIX as MODEL_SUFFIX
from simulator.mcp.failure import ToolFailure
from simulator.mcp.tools.tool import AgentTool, ChangedValues, ToolArguments, ToolContext, ToolOutput
from simulator.model.sizes import CPU_UNITS_PER_VCPU, MB_PER_GB
from simulator.rules.platforms.presets import PLATFORMS
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.document import parse_document, read_document_text
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.shipped import description_of, shipped_scenarios
from simulator.sdk.scenario import Scenario

LISTED_MAX: Final = 200
TEXT_MAX: Final = 60_000  # characters of a scenario that one call returns
_SUFFIXES: Final = (".yaml", ".yml")


class ListArguments(ToolArguments):
    """Which scenarios to list."""

    contains: str = ""
    """Only names and descriptions that contain this text; upper and lower case are equal."""


class ListedScenario(ToolOutput):
    """A scenario."""

    scenario: str
    """What the other tools accept as `scenario`."""
    description: str
    is_shipped: bool


class ScenarioList(ToolOutput):
    """Scenarios, models, and the names of policies and platforms."""

    root: str
    """The folder whose files the tools read."""
    scenarios: list[ListedScenario]
    models: list[str]
    """Files of calibrated models, for the tool `predict`."""
    policies: dict[str, str]
    """Scaling policies by name."""
    platforms: list[str]
    left_out: int = 0
    """Number of scenarios beyond the limit of the list."""


class ReadArguments(ToolArguments):
    """A scenario to read."""

    scenario: str
    """The name of a shipped scenario, or a file below the server's root."""
    from_line: int = Field(default=1, ge=1)


class ScenarioContent(ToolOutput):
    """The text of a scenario."""

    file: str
    text: str
    lines: int
    """Number of lines of the whole file."""
    next_line: int | None
    """The first line that is not in `text`; null if it ends with the file."""


class CheckArguments(ToolArguments):
    """A scenario to check."""

    scenario: str
    """The name of a shipped scenario, a file below the server's root, or the whole text of a scenario in YAML."""
    changes: ChangedValues = Field(default={})
    """Values to change before the check, by key as in `simulator sweep --vary`."""


class ScenarioProblem(ToolOutput):
    """A problem of a scenario."""

    line: int
    column: int
    place: str
    """The key, such as services.web.min_size; empty for the whole file."""
    value: str
    expected: str
    """It completes "must be"."""
    nearest: str
    """The valid word that resembles an unknown one; empty if there is none."""
    text: str


class CheckedService(ToolOutput):
    """A service of a valid scenario, with its defaults."""

    service: str
    policy: str
    platform: str | None
    max_concurrency: int
    min_size: int
    max_size: int
    vcpu: float
    memory_gb: float


class CheckedScenario(ToolOutput):
    """Whether a scenario is valid."""

    valid: bool
    problems: list[ScenarioProblem]
    name: str = ""
    duration_s: float = 0.0
    seed: int = 0
    services: list[CheckedService] = Field(default=[])
    traffic: list[str] = Field(default=[])
    """Names of the sources of requests."""
    checks: list[str] = Field(default=[])


class WriteArguments(ToolArguments):
    """A scenario file to write."""

    file: str
    """Path below the server's root; it ends with .yaml or .yml."""
    text: str
    """The whole text of the scenario. It must be valid."""
    overwrite: bool = False
    """True: replace a file that exists."""


class WrittenScenario(ToolOutput):
    """The file that was written."""

    file: str
    bytes: int


def list_scenarios(given: ListArguments, context: ToolContext) -> ScenarioList:
    """Return the shipped scenarios and those below the root."""
    wanted = given.contains.casefold()
    listed = [
        ListedScenario(scenario=name, description=description_of(path), is_shipped=True)
        for name, path in shipped_scenarios().items()
    ]
    root = context.workspace.root
    for name in context.workspace.files(_SUFFIXES):
        described = _description(root / name)
        if described is not None:
            listed.append(ListedScenario(scenario=name, description=described, is_shipped=False))
    found = [each for each in listed if wanted in f"{each.scenario} {each.description}".casefold()]
    # files of the user first: they are what the user asks about
    found.sort(key=lambda each: each.is_shipped)
    return ScenarioList(
        root=str(root),
        scenarios=found[:LISTED_MAX],
        models=context.workspace.files((MODEL_SUFFIX,))[:LISTED_MAX],
        policies={name: kind.summary for name, kind in POLICIES.items()},
        platforms=sorted(PLATFORMS),
        left_out=max(0, len(found) - LISTED_MAX),
    )


def _description(path: Path) -> str | None:
    """Return the description of a file; None if it is no scenario."""
    try:
        text = read_document_text(path)
        data = parse_document(text, str(path)).data if "services" in text and "duration" in text else None
    except ScenarioError:
        return None
    if not isinstance(data, dict) or not {"services", "duration"} <= data.keys():
        return None
    return str(data.get("description", ""))


def read_scenario(given: ReadArguments, context: ToolContext) -> ScenarioContent:
    """Return the text of a scenario, in parts if it is long."""
    path = context.workspace.scenario_file(given.scenario)
    if path is None:
        msg = "scenario = a text, must be the name of a shipped scenario or a file"
        raise ToolFailure(msg)
    lines = context.workspace.scenario_text(given.scenario).splitlines(keepends=True)
    size, end = 0, given.from_line - 1
    while end < len(lines) and (size == 0 or size + len(lines[end]) <= TEXT_MAX):
        size += len(lines[end])
        end += 1
    return ScenarioContent(
        file=str(path),
        text="".join(lines[given.from_line - 1 : end])[:TEXT_MAX],
        lines=len(lines),
        next_line=end + 1 if end < len(lines) else None,
    )


def check_scenario(given: CheckArguments, context: ToolContext) -> CheckedScenario:
    """Return whether the scenario is valid, with every problem."""
    try:
        scenario = context.workspace.scenario(given.scenario, given.changes)
    except ScenarioError as error:
        problems = [
            ScenarioProblem(
                line=problem.line,
                column=problem.column,
                place=problem.path,
                value=problem.found,
                expected=problem.expected,
                nearest=problem.nearest,
                text=str(problem),
            )
            for problem in error.problems
        ]
        return CheckedScenario(valid=False, problems=problems)
    return _valid(scenario.checked)


def _valid(checked: ScenarioSpec) -> CheckedScenario:
    return CheckedScenario(
        valid=True,
        problems=[],
        name=checked.name,
        duration_s=checked.duration_s,
        seed=checked.seed,
        services=[
            CheckedService(
                service=name,
                policy=service.policy.name,
                platform=service.platform,
                max_concurrency=service.max_concurrency,
                min_size=service.min_size,
                max_size=service.max_size,
                vcpu=service.cpu_units / CPU_UNITS_PER_VCPU,
                memory_gb=service.memory_mb / MB_PER_GB,
            )
            for name, service in checked.services.items()
        ],
        traffic=[source.name for source in checked.traffic],
        checks=[check.text for check in checked.checks],
    )


def write_scenario(given: WriteArguments, context: ToolContext) -> WrittenScenario:
    """Write a valid scenario to a file below the root."""
    path = context.workspace.path(given.file, "file")
    if path.suffix not in _SUFFIXES:
        msg = f"file = {given.file!r}, must end with {' or '.join(_SUFFIXES)}"
        raise ToolFailure(msg)
    if path.exists() and not (given.overwrite and path.is_file()):
        msg = f"file = {given.file!r}, must be a new file, unless overwrite is true: it exists already"
        raise ToolFailure(msg)
    Scenario.from_text(given.text, folder=path.parent)  # raises the problems of an invalid one
    content = given.text.encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    # a reader sees the former file or the new one, never a part
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
    return WrittenScenario(file=given.file, bytes=len(content))


LIST: Final = AgentTool(
    "list_scenarios",
    "List scenarios, models, policies and platforms",
    "List the user's scenario files, the shipped scenarios, the files of calibrated models, and the names of policies "
    "and platforms. Begin here.",
    ListArguments,
    ScenarioList,
    list_scenarios,
)
READ: Final = AgentTool(
    "read_scenario",
    "Read a scenario",
    "Return the YAML text of a scenario, to learn its services, traffic and settings or to write another like it.",
    ReadArguments,
    ScenarioContent,
    read_scenario,
)
CHECK: Final = AgentTool(
    "check_scenario",
    "Check a scenario",
    "Say whether a scenario is valid: each problem with its line, key, value and what is expected. Use it on a text "
    "before running it.",
    CheckArguments,
    CheckedScenario,
    check_scenario,
)
WRITE: Final = AgentTool(
    "write_scenario",
    "Write a scenario file",
    "Write a valid scenario to a file below the root. An existing file is replaced only with overwrite.",
    WriteArguments,
    WrittenScenario,
    write_scenario,
    writes=True,
)
