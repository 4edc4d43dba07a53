"""The phases of a build, original and revised, as App Runner documents them (facts 6.3, 6.4).

Original: pre-build and build commands run in the build image; the tree is copied to the run image, where the build
commands run a second time, without the variables of the build (facts 19.1); post-build runs in the build image again.
Revised: pre-build and build run once; only /app is copied to the run image, where pre-run runs; post-build runs in the
build stage, and files that it writes are not deployed.

The log has the steps of a Dockerfile, as App Runner's log does, numbered from the first stage on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from simulator.builds.artifact import BuildFailed
from simulator.builds.build_plan import BuildPlan
from simulator.builds.notes import failure_hint, second_run_note
from simulator.builds.resource_limits import CommandStopped

PRE_BUILD: Final = "[PreBuild]"
BUILD: Final = "[Build]"
PRE_RUN: Final = "[PreRun]"
POST_BUILD: Final = "[PostBuild]"


class StageName(StrEnum):
    """MADE: the stage of the build image. RUNS: the stage of the run image."""

    MADE = "made"
    RUNS = "runs"


class PhaseExecutor(Protocol):
    """Runs the commands of the stages. The stage MADE exists from the beginning, with the source in its /app."""

    async def take_over(self) -> None:
        """Create the stage RUNS: empty, except for its /app, which is a copy of MADE's current /app."""

    async def run(
        self, stage: StageName, command: str, variables: Mapping[str, str], on_line: Callable[[str], None]
    ) -> int:
        """Run a command with a shell in the source directory of the stage's /app. Return its exit code.

        Raises:
            CommandStopped: if a limit was exceeded.
        """


@dataclass(slots=True)
class Phases:
    """One build."""

    plan: BuildPlan
    executor: PhaseExecutor
    log: Callable[[str], None]
    work_directory: str  # /app, or the source directory in it
    _steps: int = field(default=0)

    async def carry_out(self) -> None:
        """Run all phases. Raises BuildFailed with the command that failed."""
        if self.plan.is_revised:
            await self._revised()
        else:
            await self._original()

    async def _revised(self) -> None:
        plan, name = self.plan, self.plan.runtime.file_name
        head = [f"FROM {name}-build AS pre-build-stage", "COPY . /app", f"WORKDIR {self.work_directory}"]
        await self._stage(PRE_BUILD, StageName.MADE, head, plan.pre_build)
        await self._stage(BUILD, StageName.MADE, ["FROM pre-build-stage as build-stage"], plan.build)
        await self.executor.take_over()
        head = [
            f"FROM {name} AS packaging-stage",
            "COPY --from=build-stage /app /app",
            f"WORKDIR {self.work_directory}",
        ]
        foot = [f"EXPOSE {plan.port}", f"CMD {plan.start}"]
        await self._stage(PRE_RUN, StageName.RUNS, head, plan.pre_run, foot)
        await self._stage(POST_BUILD, StageName.MADE, ["FROM build-stage AS post-build-stage"], plan.post_build)

    async def _original(self) -> None:
        plan = self.plan
        if plan.pre_run:
            self.log(f"[AppRunner] run.pre-run is skipped: builds of {plan.runtime.name} have no such phase.")
        await self._stage(BUILD, StageName.MADE, [], (*plan.pre_build, *plan.build))
        await self.executor.take_over()
        head = [f"FROM {plan.runtime.file_name}", "COPY . /app", f"WORKDIR {self.work_directory}"]
        foot = [f"EXPOSE {plan.port}", f"CMD {plan.start}"]
        if plan.build_variables:
            self.log(f"[AppRunner] {second_run_note(plan)}")
        await self._stage(BUILD, StageName.RUNS, head, plan.build, foot, variables={})
        await self._stage(BUILD, StageName.MADE, [], plan.post_build)

    async def _stage(
        self,
        prefix: str,
        stage: StageName,
        head: list[str],
        commands: tuple[str, ...],
        foot: list[str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Run the commands of one stage. `variables` None: those of the build."""
        lines, seen = foot or [], self.plan.build_variables if variables is None else variables
        total = self._steps + len(head) + len(commands) + len(lines) if head else 0
        for line in head:
            self._step(prefix, total, line)
        for command in commands:
            self._step(prefix, total, f"RUN {command}" if total else command)
            await self._command(prefix, stage, command, seen)
        for line in lines:
            self._step(prefix, total, line)

    def _step(self, prefix: str, total: int, text: str) -> None:
        if total:
            self._steps += 1
            text = f"Step {self._steps}/{total} : {text}"
        for line in text.splitlines():
            self.log(f"{prefix} {line}")

    async def _command(self, prefix: str, stage: StageName, command: str, variables: Mapping[str, str]) -> None:
        first = command.strip().splitlines()[0] if command.strip() else command
        try:
            code = await self.executor.run(stage, command, variables, lambda line: self.log(f"{prefix} {line}"))
        except CommandStopped as stopped:
            raise BuildFailed(f"{prefix} `{first}` was stopped: {stopped}.") from stopped
        except OSError as error:
            raise BuildFailed(f"{prefix} `{first}` could not be run: {error}.") from error
        if code != 0:
            hint = failure_hint(command, code)
            raise BuildFailed(f"{prefix} `{first}` ended with exit code {code}{f'; {hint}' if hint else ''}.")
