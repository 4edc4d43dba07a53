"""Where a build is made: with this machine's toolchains, or in an image of the container engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from simulator.builds.built import BuildSteps
from simulator.builds.recipe import Recipe
from simulator.fleet.process_environment import SetUp


@dataclass(frozen=True, slots=True)
class Job:
    """A commit of a clone, its source directory (`a/b`, empty for the root), and what is to be done with it."""

    recipe: Recipe
    clone: Path
    commit: str
    directory: str

    @property
    def work_directory(self) -> str:
        return f"/app/{self.directory}".rstrip("/")


@dataclass(frozen=True, slots=True)
class Start:
    """How instances of what was made in a place are started, as `BuiltApplication` has it."""

    folder: Path
    command: tuple[str, ...]
    environment: Mapping[str, str]
    image: str = ""
    set_up: SetUp | None = None


class Workshop(Protocol):
    """For one runtime. `version`: of its language, empty when nobody has asked. `note`: what people should know."""

    version: str
    note: str

    def inputs(self) -> dict[str, Any]:
        """What of it decides what is built."""

    async def has(self, place: Path) -> bool:
        """Whether what was made in `place` is still all there."""

    async def make(self, place: Path, job: Job, steps: BuildSteps) -> None:
        """Raises BuildFailed. Of a build that fails or is cancelled `place` alone is left."""

    def start(self, place: Path, job: Job) -> Start: ...
