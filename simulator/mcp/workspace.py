"""What calls may read and write: files below the root, and the shipped scenarios."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from simulator.mcp.failure import ToolFailure
from simulator.mcp.settings import ToolServerSettings
from simulator.model.text.problems import did_you_mean
from simulator.scenario.document import read_document_text
from simulator.scenario.files.named_file import only_files_below
from simulator.scenario.shipped import shipped_scenarios
from simulator.scenario.user_policy import is_user_policy
from simulator.sdk.scenario import Scenario

VISITED_MAX: Final = 20_000  # files and folders that a listing visits
_SKIPPED: Final = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})


class Workspace:
    """The files of the server's root. Paths in calls are relative to it."""

    def __init__(self, settings: ToolServerSettings) -> None:
        self.settings = settings
        self.root = settings.root.resolve()

    @contextlib.contextmanager
    def confined(self) -> Iterator[None]:
        """In the block, scenarios name only files below the root; shipped scenarios name their own as well."""
        shipped = sorted({path.parent for path in shipped_scenarios().values()})
        with only_files_below(self.root, *shipped):
            yield

    def path(self, value: str, key: str) -> Path:
        """Return the path of a file below the root. It need not exist.

        Raises:
            ToolFailure: for a path outside the root.
        """
        path = self.root / value
        if "\0" in value or not path.resolve().is_relative_to(self.root):
            msg = f"{key} = {value!r}, must be a path below {self.root}"
            raise ToolFailure(msg)
        return path

    def existing(self, value: str, key: str, suffixes: tuple[str, ...], expected: str) -> Path:
        """Return the path of an existing file below the root.

        Raises:
            ToolFailure: if there is none; the message has the nearest file with one of the suffixes.
        """
        path = self.path(value, key)
        if not path.is_file():
            known = self.files(suffixes)
            msg = f"{key} = {value!r}, must be {expected} below {self.root}{did_you_mean(value, known)}"
            raise ToolFailure(msg)
        return path

    def files(self, suffixes: tuple[str, ...]) -> list[str]:
        """Return the files with one of the suffixes, relative to the root. Hidden folders are left out."""
        found, visited = [], 0
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
            visited += len(names) + len(folders)
            found += [str(Path(folder, name).relative_to(self.root)) for name in names if name.endswith(suffixes)]
            if visited > VISITED_MAX:
                break
        return sorted(found)

    def scenario_file(self, given: str) -> Path | None:
        """Return the file of a scenario that a call names; None if the call contains its text.

        Raises:
            ToolFailure: if there is no such scenario.
        """
        if "\n" in given.strip():
            return None
        shipped = shipped_scenarios()
        if given in shipped and not (self.root / given).exists():
            return shipped[given]
        path = self.path(given, "scenario")
        if path.is_file():
            return path
        known = [*shipped, *self.files((".yaml", ".yml"))]
        msg = (
            f"scenario = {given!r}, must be a shipped scenario, a file below {self.root}, or the text of a scenario "
            f"with several lines{did_you_mean(given, known)}"
        )
        raise ToolFailure(msg)

    def scenario_text(self, given: str) -> str:
        """Return the text of a scenario. Raises ToolFailure if there is no such scenario, ScenarioError if it cannot be
        read.
        """
        path = self.scenario_file(given)
        return given if path is None else read_document_text(path)

    def scenario(self, given: str, changes: Mapping[str, Any]) -> Scenario:
        """Return the scenario that a call names, with its changes.

        Raises:
            ScenarioError: with every problem of the scenario.
            ToolFailure: if there is no such scenario.
            ValueError: for a change that names no place of a scenario.
        """
        path = self.scenario_file(given)
        source = Scenario.from_text(given, folder=self.root) if path is None else Scenario(path)
        return source.change(changes) if changes else source

    def require_policies(self, names: Iterable[str], key: str) -> None:
        """Raise ToolFailure if a policy is in a Python file, unless the server allows it and the file is below the
        root. A scenario file cannot name such a policy.
        """
        for name in filter(is_user_policy, names):
            if not self.settings.allows_python:
                msg = (
                    f"{key} = {name!r}, must be a shipped policy: this server executes no Python files "
                    "(simulator mcp --allow-python)"
                )
                raise ToolFailure(msg)
            self.path(name.rpartition(":")[0], key)
