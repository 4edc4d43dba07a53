"""Builds on this machine's own toolchains: the builder behind `simulator up` and services from source code."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from simulator.builds.built import BuildFailed, BuildSteps, BuiltApplication, SourceDescription
from simulator.builds.config_file import FILE_NAME
from simulator.builds.config_reading import read_config
from simulator.builds.confined import BuildLimits, Confined
from simulator.builds.kept import Kept, key_of
from simulator.builds.language import preparation, variables
from simulator.builds.phases import Phases
from simulator.builds.recipe import Recipe
from simulator.builds.repositories import Repositories, RepositorySettings, directory_of
from simulator.builds.sandbox import Isolation, Stage, find_isolation
from simulator.builds.toolchain import Toolchain, ToolchainMissing, ToolchainSettings, find_toolchain
from simulator.fleet.process_cgroup import GroupHome, NoGroupsError, find_home
from simulator.fleet.process_guard import Guard
from simulator.fleet.process_sweep import owner_name, remove, sweep_orphans
from simulator.model.document import FILE_BYTES_MAX
from simulator.model.phase import Phase
from simulator.model.problems import FileProblems
from simulator.model.runtime_support import is_supported
from simulator.model.service_configuration import start_words
from simulator.world.clock import epoch_s

_PREPARATION_FAILED: Final = "the stage of {runtime} could not be made: exit code {code}."


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """`environment`: of every build command, for what reaches registries (proxies, certificates). `kept_max`: builds
    that are kept besides those that run. `refuses_old_runtimes`: new services may not have a runtime after its end of
    support. `namespaces`, `control_groups`: False builds as on a machine that has none.
    """

    folder: Path
    toolchains: ToolchainSettings = field(default_factory=ToolchainSettings)
    repositories: RepositorySettings = field(default_factory=RepositorySettings)
    limits: BuildLimits = field(default_factory=BuildLimits)
    environment: Mapping[str, str] = field(default_factory=dict)
    kept_max: int = 10
    refuses_old_runtimes: bool = True
    namespaces: bool = True
    control_groups: bool = True


class LocalBuilder:
    """Implements `Builder`. To be made and used within a running loop."""

    def __init__(self, settings: BuildSettings) -> None:
        self._settings = settings
        self._kept = Kept(settings.folder / "kept", settings.kept_max)
        self.repositories = Repositories(settings.folder / "repositories", settings.repositories)
        self._opening = asyncio.Lock()
        self._building: dict[str, asyncio.Lock] = {}
        self._guard: Guard | None = None
        self._home: GroupHome | None = None
        self._isolation: Isolation | None = None
        self._in_use: frozenset[Path] = frozenset()
        self._builds = 0

    async def build(self, source: SourceDescription, steps: BuildSteps, commit: str = "") -> BuiltApplication:
        """As `Builder.build`."""
        directory = directory_of(source.source_directory)
        await self._open()
        clone, newest = await self.repositories.fetch(source)
        commit = commit or newest
        tree = await self.repositories.tree(clone, commit)
        await self.repositories.tree(clone, commit, directory)
        await steps.reach(Phase.SOURCE_PULLED)
        recipe = await self._recipe(source, clone, commit, directory)
        self._check_support(source, recipe)
        try:
            toolchain = await find_toolchain(recipe.runtime, recipe.version, self._settings.toolchains)
        except ToolchainMissing as missing:
            raise BuildFailed(str(missing)) from missing
        await steps.reach(Phase.BUILDING)
        if toolchain.note:
            steps.log(f"[AppRunner] {toolchain.note}")
        key = self._key(recipe, tree, directory, toolchain)
        async with self._building.setdefault(key, asyncio.Lock()):  # who asks for the same waits for the first
            return await self._kept_or_made(key, _Job(recipe, toolchain, clone, commit, directory), steps)

    def keep(self, wanted: Sequence[BuiltApplication]) -> None:
        self._in_use = frozenset(built.folder.parent.parent for built in wanted)
        self._kept.shrink(self._in_use)

    async def close(self) -> None:
        """Whoever builds is to be cancelled before. Idempotent."""
        if self._guard is not None:
            await self._guard.close()

    # --- decisions ---

    async def _recipe(self, source: SourceDescription, clone: Path, commit: str, directory: str) -> Recipe:
        if source.values is not None:
            return Recipe.of_values(source.values)
        path = f"{directory}/{FILE_NAME}" if directory else FILE_NAME
        text = await self.repositories.read(clone, commit, path, FILE_BYTES_MAX)
        if text is None:
            raise BuildFailed(f"{path} = nothing, must be in the repository, as it is to say how to build.")
        try:
            return Recipe.of_file(read_config(text, path))
        except FileProblems as error:
            told = [f"[AppRunner] {problem}" for problem in error.problems]
            raise BuildFailed(f"{path} has {_count(len(told), 'problem')}.", told) from error

    def _check_support(self, source: SourceDescription, recipe: Recipe) -> None:
        name = recipe.runtime.name
        if source.is_new and self._settings.refuses_old_runtimes and not is_supported(name, epoch_s()):
            raise BuildFailed(
                "The specified runtime version is not supported. Refer to the Release information: the support of "
                f"{name} has ended, and a new service may not choose it."
            )

    def _key(self, recipe: Recipe, tree: str, directory: str, toolchain: Toolchain) -> str:
        assert self._isolation is not None
        return key_of(
            recipe.inputs()
            | {
                "tree": tree,
                "directory": directory,
                "toolchain": [str(toolchain.program), toolchain.version],
                "way": self._isolation.way,
                "environment": dict(self._settings.environment),
            }
        )

    # --- carrying out ---

    async def _kept_or_made(self, key: str, job: _Job, steps: BuildSteps) -> BuiltApplication:
        loop = asyncio.get_running_loop()
        place = self._kept.find(key)
        if place is not None:
            steps.log("[AppRunner] Nothing that the build depends on has changed: the build of before is used.")
            return self._built(place, job, 0.0, from_cache=True)
        place, began_s = self._kept.place(key), loop.time()
        try:
            await self._make(place, job, steps)
            duration_s = loop.time() - began_s
            self._kept.finish(place, {"commit": job.commit, "duration_s": duration_s})
        except BaseException:
            await asyncio.shield(loop.run_in_executor(None, self._kept.drop, place))
            raise
        await loop.run_in_executor(None, self._kept.shrink, self._in_use | {place})
        return self._built(place, job, duration_s, from_cache=False)

    async def _make(self, place: Path, job: _Job, steps: BuildSteps) -> None:
        assert self._guard is not None
        assert self._isolation is not None
        steps.log("[AppRunner] Starting to build your application source code.")
        steps.log(f"[AppRunner] {self._isolation.told}")
        made, runs = Stage(place / "made"), Stage(place / "runs")
        self._builds += 1
        confined = Confined(
            f"{self._guard.folder}/{self._builds}",
            place,
            self._settings.limits,
            self._home,
            self._guard.watch,
            self._guard.forget,
        )
        kitchen = _LocalKitchen(
            job, self._settings.environment, self._isolation, confined, steps.log, self._settings.folder
        )
        await kitchen.prepare(made)
        for note in await self.repositories.lay_out(job.clone, job.commit, made.app):
            steps.log(f"[AppRunner] {note}")
        await Phases(job.recipe, kitchen, steps.log, job.work_directory, made, runs).carry_out()
        await asyncio.get_running_loop().run_in_executor(None, remove, str(made.root))

    def _built(self, place: Path, job: _Job, duration_s: float, *, from_cache: bool) -> BuiltApplication:
        assert self._isolation is not None
        recipe, runs = job.recipe, Stage(place / "runs")
        command = start_words(recipe.start)
        return BuiltApplication(
            runs.app,
            self._isolation.of_instance(runs, job.directory, recipe.port_variable, command),
            recipe.runtime.name,
            job.commit,
            recipe.port,
            recipe.port_variable or None,
            recipe.start,
            {**variables(recipe.runtime.language, job.toolchain, runs), **recipe.variables},
            recipe.secrets,
            duration_s,
            from_cache,
        )

    async def _open(self) -> None:
        """With the first build: folders, what the machine has to keep builds apart, and a guard over them."""
        async with self._opening:
            if self._guard is None:
                settings, loop = self._settings, asyncio.get_running_loop()
                work = settings.folder / "work"
                for folder in (work, settings.folder / "repositories"):
                    folder.mkdir(parents=True, exist_ok=True)
                await loop.run_in_executor(None, self._kept.open)
                self._home = _group_home() if settings.control_groups else None
                homes = tuple(map(str, self._home.roots())) if self._home is not None else ()
                await loop.run_in_executor(None, sweep_orphans, str(work), homes)
                own = work / f"{owner_name(os.getpid())}builds"
                (own / "trial").mkdir(parents=True)
                self._isolation = await find_isolation(own / "trial", namespaces=settings.namespaces)
                self._guard = Guard(str(own), homes)
            await self._guard.start()


@dataclass(frozen=True, slots=True)
class _Job:
    recipe: Recipe
    toolchain: Toolchain
    clone: Path
    commit: str
    directory: str

    @property
    def work_directory(self) -> str:
        return f"/app/{self.directory}".rstrip("/")


class _LocalKitchen:
    """Implements `Kitchen` with commands on this machine."""

    def __init__(
        self,
        job: _Job,
        environment: Mapping[str, str],
        isolation: Isolation,
        confined: Confined,
        log: Callable[[str], None],
        shared: Path,
    ) -> None:
        self._shared = shared
        self._job = job
        self._environment = environment
        self._isolation = isolation
        self._confined = confined
        self._log = log

    async def prepare(self, stage: Stage) -> None:
        await asyncio.get_running_loop().run_in_executor(None, stage.make)
        language = self._job.recipe.runtime.language
        command = preparation(language, self._job.toolchain, stage, self._shared)
        if command:
            code = await self._confined.run(
                command, self._variables(stage), lambda line: self._log(f"[AppRunner] {line}")
            )
            if code != 0:
                raise BuildFailed(_PREPARATION_FAILED.format(runtime=self._job.recipe.runtime, code=code))

    async def run(
        self, stage: Stage, command: str, variables: Mapping[str, str], on_line: Callable[[str], None]
    ) -> int:
        inside = self._isolation.of_stage(stage, self._job.directory, ("/bin/sh", "-c", command))
        if not self._isolation.has_app:
            inside = ("/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(stage.app), *inside)
        return await self._confined.run(inside, {**self._variables(stage), **variables}, on_line)

    def _variables(self, stage: Stage) -> dict[str, str]:
        job = self._job
        temporary = "/tmp" if self._isolation.has_app else str(stage.root / "tmp")  # noqa: S108 the stage's own
        return {
            **variables(job.recipe.runtime.language, job.toolchain, stage),
            "HOME": str(stage.home),
            "TMPDIR": temporary,
            **self._environment,
        }


def _group_home() -> GroupHome | None:
    try:
        return find_home()
    except NoGroupsError:
        return None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
