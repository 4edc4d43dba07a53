"""The phases of a build, original and revised, as App Runner documents them (facts 6.3, 6.4).

Original: pre-build and build commands run in the build image; the tree is copied to the image that runs, where the
build commands run a second time; post-build runs back in the build image. Revised: pre-build and build run once; /app
alone goes over to the image that runs, where pre-run runs; post-build sees the build stage, and leaves nothing.

The log has the steps of a Dockerfile, as App Runner's has, counted through from the first stage on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from simulator.builds.built import BuildFailed
from simulator.builds.confined import CommandStopped
from simulator.builds.recipe import Recipe
from simulator.builds.sandbox import Stage

PRE_BUILD: Final = "[PreBuild]"
BUILD: Final = "[Build]"
PRE_RUN: Final = "[PreRun]"
POST_BUILD: Final = "[PostBuild]"


class Kitchen(Protocol):
    """Who carries a command out."""

    async def prepare(self, stage: Stage) -> None:
        """Makes the stage's folders and its language's part."""

    async def run(
        self, stage: Stage, command: str, variables: Mapping[str, str], on_line: Callable[[str], None]
    ) -> int:
        """By a shell, in the source directory of the stage's /app. Its exit code. Raises CommandStopped."""


@dataclass(slots=True)
class Phases:
    """One build. `made` is the stage of the build image, `runs` that of the image that runs."""

    recipe: Recipe
    kitchen: Kitchen
    log: Callable[[str], None]
    work_directory: str  # /app, or the source directory in it
    made: Stage
    runs: Stage
    _steps: int = field(default=0)

    async def carry_out(self) -> None:
        """Raises BuildFailed with the command that failed."""
        if self.recipe.is_revised:
            await self._revised()
        else:
            await self._original()

    async def _revised(self) -> None:
        recipe, name = self.recipe, self.recipe.runtime.file_name
        head = [f"FROM {name}-build AS pre-build-stage", "COPY . /app", f"WORKDIR {self.work_directory}"]
        await self._stage(PRE_BUILD, self.made, head, recipe.pre_build)
        await self._stage(BUILD, self.made, ["FROM pre-build-stage as build-stage"], recipe.build)
        await self._take_over()
        head = [
            f"FROM {name} AS packaging-stage",
            "COPY --from=build-stage /app /app",
            f"WORKDIR {self.work_directory}",
        ]
        foot = [f"EXPOSE {recipe.port}", f"CMD {recipe.start}"]
        await self._stage(PRE_RUN, self.runs, head, recipe.pre_run, foot)
        await self._stage(POST_BUILD, self.made, ["FROM build-stage AS post-build-stage"], recipe.post_build)

    async def _original(self) -> None:
        recipe = self.recipe
        if recipe.pre_run:
            self.log(f"[AppRunner] run.pre-run is left out: builds of {recipe.runtime.name} have no such phase.")
        await self._stage(BUILD, self.made, [], (*recipe.pre_build, *recipe.build))
        await self._take_over()
        head = [f"FROM {recipe.runtime.file_name}", "COPY . /app", f"WORKDIR {self.work_directory}"]
        await self._stage(BUILD, self.runs, head, recipe.build, [f"EXPOSE {recipe.port}", f"CMD {recipe.start}"])
        await self._stage(BUILD, self.made, [], recipe.post_build)

    async def _take_over(self) -> None:
        """The tree as it is now becomes the /app of the image that runs, which is new apart from that."""
        await self.kitchen.prepare(self.runs)
        await copy_tree(self.made.app, self.runs.app)

    async def _stage(
        self, prefix: str, stage: Stage, head: list[str], commands: tuple[str, ...], foot: list[str] | None = None
    ) -> None:
        lines = foot or []
        total = self._steps + len(head) + len(commands) + len(lines) if head else 0
        for line in head:
            self._step(prefix, total, line)
        for command in commands:
            self._step(prefix, total, f"RUN {command}" if total else command)
            await self._command(prefix, stage, command)
        for line in lines:
            self._step(prefix, total, line)

    def _step(self, prefix: str, total: int, text: str) -> None:
        if total:
            self._steps += 1
            text = f"Step {self._steps}/{total} : {text}"
        for line in text.splitlines():
            self.log(f"{prefix} {line}")

    async def _command(self, prefix: str, stage: Stage, command: str) -> None:
        first = command.strip().splitlines()[0] if command.strip() else command
        try:
            code = await self.kitchen.run(
                stage, command, self.recipe.build_variables, lambda line: self.log(f"{prefix} {line}")
            )
        except CommandStopped as stopped:
            raise BuildFailed(f"{prefix} `{first}` was stopped: {stopped}.") from stopped
        except OSError as error:
            raise BuildFailed(f"{prefix} `{first}` could not be run: {error}.") from error
        if code != 0:
            raise BuildFailed(f"{prefix} `{first}` ended with exit code {code}.")


async def copy_tree(source: Path, target: Path) -> None:
    """Everything in `source`, links as links and special files as what they are. Raises BuildFailed."""
    # cp and not shutil: it shares blocks where the file system can, and does not wait for a pipe that nobody fills.
    process = await asyncio.create_subprocess_exec(
        *("cp", "-a", "--reflink=auto", f"{source}/.", str(target)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, told = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        raise BuildFailed(f"/app could not be copied: {told.decode(errors='replace').strip()[:300]}.")
