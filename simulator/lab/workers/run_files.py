"""The files that a run reads: the scenario's, and those of the user's policies with the modules that they import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.user_policy import is_user_policy


def files_of(scenario: ScenarioSpec, *policies: str) -> list[Path]:
    """Return each file once. `policies`: names of policies besides the scenario's own, such as `FILE.py:CLASS`."""
    names = [*policies, *(service.policy.name for service in scenario.services.values())]
    sources = [path for name in names if is_user_policy(name) for path in policy_sources(Path(name.rpartition(":")[0]))]
    return list(dict.fromkeys([*scenario.files, *sources]))


def policy_sources(file: Path) -> list[Path]:
    """Return a policy's file, and the modules beside it that it imports, directly or through each other."""
    found: dict[Path, None] = {}
    waiting = [file]
    while waiting:
        path = waiting.pop()
        if path not in found and path.is_file():
            found[path] = None
            waiting += [each for name in _imported(path) for each in _modules(file.parent, name)]
    return list(found)


def _imported(path: Path) -> Iterator[str]:
    """Yield the first part of each imported module's name; none if the file is no Python, which the run reports."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
            yield node.module.partition(".")[0]


def _modules(folder: Path, name: str) -> list[Path]:
    package = folder / name
    return [folder / f"{name}.py", *(sorted(package.rglob("*.py")) if package.is_dir() else [])]
