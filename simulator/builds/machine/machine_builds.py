"""Builds with this machine's own toolchains, isolated from the machine as far as possible (sandbox.py)."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simulator.builds.artifact import BuildFailed, BuildSteps
from simulator.builds.build_backend import Job, Start
from simulator.builds.build_cache import BuildCache
from simulator.builds.build_plan import BuildPlan
from simulator.builds.git.repositories import Repositories
from simulator.builds.machine.language import preparation, variables
from simulator.builds.machine.layers import LayerChain, Layers
from simulator.builds.machine.sandbox import BuildRoot, Isolation, find_isolation
from simulator.builds.machine.tree_copy import copy_tree
from simulator.builds.phases import Phases, StageName
from simulator.builds.resource_limits import LimitedRunner
from simulator.builds.settings import BuildSettings
from simulator.builds.toolchain import Toolchain, ToolchainMissing, find_toolchain
from simulator.fleet.process.confinement.cgroup import NoGroupsError
from simulator.fleet.process.confinement.group_search import GroupHome, find_home
from simulator.fleet.process.confinement.orphans import ORPHANS
from simulator.fleet.process.confinement.sweep import owner_name, remove
from simulator.fleet.process.confinement.watchdog import Watchdog
from simulator.model.resources.service_configuration import start_words
from simulator.world.private_files import own_private_folder

_PREPARATION_FAILED: Final = "the stage of {runtime} could not be made: exit code {code}."


class MachineBuilds:
    """Builds on this machine. The first build opens the folders and the guard; call `close` after the last build."""

    def __init__(self, settings: BuildSettings, repositories: Repositories) -> None:
        self._settings = settings
        self._repositories = repositories
        self._opening = asyncio.Lock()
        self._opened: _Opened | None = None
        self._closing = contextlib.ExitStack()

    async def backend(self, plan: BuildPlan) -> MachineBuildBackend:
        """Return a backend for the build plan.

        Raises BuildFailed if this machine lacks a program that the plan needs.
        """
        opened = await self._open()
        try:
            toolchain = await find_toolchain(plan.runtime, plan.version, self._settings.toolchains)
        except ToolchainMissing as missing:
            raise BuildFailed(str(missing)) from missing
        return MachineBuildBackend(self._settings, self._repositories, opened, toolchain)

    async def close(self) -> None:
        """Release the folders of the builds and stop their guard. Idempotent."""
        self._closing.close()
        if self._opened is not None:
            await self._opened.guard.close()

    async def _open(self) -> _Opened:
        """Find the isolation that the machine supports, and start a guard for the builds."""
        async with self._opening:
            if self._opened is None:
                settings = self._settings
                work = settings.folder / "work"
                own_private_folder(settings.folder)
                own_private_folder(work)
                layers = BuildCache(settings.folder / "layers", settings.kept_max)
                await asyncio.get_running_loop().run_in_executor(None, layers.open)
                home = _group_home() if settings.control_groups else None
                homes = tuple(map(str, home.roots())) if home is not None else ()
                ORPHANS.begin(str(work), homes)
                self._closing.callback(ORPHANS.end, str(work), homes)
                own = work / f"{owner_name(os.getpid())}builds"
                guard = Watchdog(str(own), homes)
                await guard.start()  # before the folder exists that the guard has to remove
                try:
                    own_private_folder(own / "trial")
                    isolation = await find_isolation(own / "trial", namespaces=settings.namespaces)
                except BaseException:
                    await guard.close()
                    raise
                self._opened = _Opened(isolation, Layers(layers), home, guard)
            await self._opened.guard.start()
            return self._opened


@dataclass(slots=True)
class _Opened:
    isolation: Isolation
    layers: Layers
    home: GroupHome | None
    guard: Watchdog
    builds: int = 0


class MachineBuildBackend:
    """Implements `BuildBackend`."""

    def __init__(
        self, settings: BuildSettings, repositories: Repositories, opened: _Opened, toolchain: Toolchain
    ) -> None:
        self.version = toolchain.version
        self.note = toolchain.note
        self._settings = settings
        self._repositories = repositories
        self._opened = opened
        self._toolchain = toolchain

    def inputs(self) -> dict[str, Any]:
        toolchain = self._toolchain
        return {"toolchain": [str(toolchain.program), toolchain.version], "way": self._opened.isolation.way}

    async def has(self, place: Path) -> bool:
        return BuildRoot(place / "runs").app.is_dir()

    async def make(self, place: Path, job: Job, steps: BuildSteps) -> None:
        opened, guard = self._opened, self._opened.guard
        steps.log(f"[AppRunner] {opened.isolation.describe}")
        opened.builds += 1
        mark = f"{guard.folder}/{opened.builds}"
        runner = LimitedRunner(mark, place, self._settings.limits, opened.home, guard.watch, guard.forget)
        executor = _MachineExecutor(self._settings, self._toolchain, opened, runner, job, place, steps.log)
        await executor.prepare(executor.made)
        for note in await self._repositories.lay_out(job.clone, job.commit, executor.made.app):
            steps.log(f"[AppRunner] {note}")
        await Phases(job.plan, executor, steps.log, job.work_directory).carry_out()
        await executor.settle()
        await asyncio.get_running_loop().run_in_executor(None, remove, str(executor.made.root))

    def start(self, place: Path, job: Job) -> Start:
        plan, runs = job.plan, BuildRoot(place / "runs")
        return Start(
            runs.app,
            start_words(plan.start),
            {**variables(plan.runtime.language, self._toolchain, runs), **plan.variables},
            set_up=self._opened.isolation.of_instance(runs, job.directory, plan.port_variable),
        )


class _MachineExecutor:
    """Implements `PhaseExecutor` with commands on this machine."""

    def __init__(
        self,
        settings: BuildSettings,
        toolchain: Toolchain,
        opened: _Opened,
        runner: LimitedRunner,
        job: Job,
        place: Path,
        log: Callable[[str], None],
    ) -> None:
        self.made = BuildRoot(place / StageName.MADE)
        self._runs = BuildRoot(place / StageName.RUNS)
        self._settings = settings
        self._toolchain = toolchain
        self._isolation = opened.isolation
        self._layers = opened.layers
        self._chains: dict[Path, LayerChain] = {}  # by the stage's folder
        self._runner = runner
        self._job = job
        self._log = log

    async def prepare(self, stage: BuildRoot) -> None:
        """Create the folders of the stage, and prepare its language."""
        await asyncio.get_running_loop().run_in_executor(None, stage.make)
        runtime = self._job.plan.runtime
        command = preparation(runtime.language, self._toolchain, stage, self._settings.folder)
        if command:
            code = await self._runner.run(
                command, self._variables(stage), lambda line: self._log(f"[AppRunner] {line}")
            )
            if code != 0:
                raise BuildFailed(_PREPARATION_FAILED.format(runtime=runtime, code=code))
        facts = {
            "runtime": runtime.name,
            "toolchain": [str(self._toolchain.program), self._toolchain.version],
            "way": self._isolation.way,
            "environment": dict(self._settings.environment),
        }
        self._chains[stage.root] = self._layers.chain(stage, self._job.directory, facts)

    async def settle(self) -> None:
        """Copy all cached layers into their stages."""
        for chain in self._chains.values():
            await chain.settle()

    async def take_over(self) -> None:
        await self.settle()
        await self.prepare(self._runs)
        await copy_tree(self.made.app, self._runs.app)

    async def run(
        self, stage: StageName, command: str, variables: Mapping[str, str], on_line: Callable[[str], None]
    ) -> int:
        at = self.made if stage is StageName.MADE else self._runs
        chain = self._chains[at.root]
        if await chain.has(command, variables):
            on_line("Kept from an earlier build: its inputs have not changed.")
            return 0
        environment = {**self._variables(at), **variables}
        hidden = (self._settings.folder, *self._settings.hidden)
        inside = self._isolation.of_stage(at, self._job.directory, ("/bin/sh", "-c", command), environment, hidden)
        if not self._isolation.has_app:
            inside = ("/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(at.app), *inside)
        code = await self._runner.run(inside, environment, on_line)
        if code == 0:
            await chain.keep()
        return code

    def _variables(self, stage: BuildRoot) -> dict[str, str]:
        temporary = "/tmp" if self._isolation.has_app else str(stage.root / "tmp")  # noqa: S108 the stage's own
        return {
            **variables(self._job.plan.runtime.language, self._toolchain, stage),
            "HOME": str(stage.home),
            "TMPDIR": temporary,
            **self._settings.environment,
        }


def _group_home() -> GroupHome | None:
    try:
        return find_home()
    except NoGroupsError:
        return None
