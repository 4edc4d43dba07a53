"""The interface of a build environment: the toolchains of this machine, or an image of the container engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from simulator.builds.artifact import BuildSteps
from simulator.builds.build_plan import BuildPlan
from simulator.fleet.process.environment import SetUp


@dataclass(frozen=True, slots=True)
class Job:
    """A commit of a clone, its source directory (such as `a/b`; empty for the root), and how to build it."""

    plan: BuildPlan
    clone: Path
    commit: str
    directory: str

    @property
    def work_directory(self) -> str:
        return f"/app/{self.directory}".rstrip("/")


@dataclass(frozen=True, slots=True)
class Start:
    """How to start instances of a finished build; the fields are those of `BuildArtifact`."""

    folder: Path
    command: tuple[str, ...]
    environment: Mapping[str, str]
    image: str = ""
    set_up: SetUp | None = None


class BuildBackend(Protocol):
    """A build environment for one runtime.

    `version`: the version of its language, empty if unknown. `note`: a message for the user.
    """

    version: str
    note: str

    def inputs(self) -> dict[str, Any]:
        """Return the part of the environment that determines what is built."""

    async def has(self, place: Path) -> bool:
        """Return True if the build in `place` is still complete."""

    async def make(self, place: Path, job: Job, steps: BuildSteps) -> None:
        """Build into `place`. Raises BuildFailed. A failed or cancelled build leaves only `place`."""

    def start(self, place: Path, job: Job) -> Start: ...
