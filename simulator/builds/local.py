"""The builder for `simulator up` and for services from source code: it uses this machine's toolchains, or images."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulator.builds.artifact import BuildArtifact, BuildFailed, BuildSteps, SourceDescription
from simulator.builds.build_backend import BuildBackend, Job
from simulator.builds.build_cache import BuildCache, key_of
from simulator.builds.build_plan import BuildPlan
from simulator.builds.config.file import FILE_NAME
from simulator.builds.config.reading import read_config
from simulator.builds.git.repositories import Repositories, directory_of
from simulator.builds.notes import build_notes
from simulator.builds.project.node_engines import FILE_NAME as PACKAGE_FILE
from simulator.builds.project.node_engines import EnginesConflict, check_engines
from simulator.builds.runtimes import Language
from simulator.builds.settings import BuildSettings
from simulator.model.resources.phase import Phase
from simulator.model.resources.runtime_support import is_supported
from simulator.model.text.document import FILE_BYTES_MAX
from simulator.model.text.problems import FileProblems
from simulator.world.clock import epoch_s
from simulator.world.private_files import own_private_folder

if TYPE_CHECKING:
    from simulator.builds.engine.engine_builds import EngineBuilds
    from simulator.builds.machine.machine_builds import MachineBuilds

# AWS's own text (facts 6.5), which continues with a link.
_NOT_SUPPORTED: Final = "The specified runtime version is not supported. Refer to the Release information"
_PACKAGE_BYTES_MAX: Final = 16 * 1024**2  # a longer file is not read as a package.json


class LocalBuilder:
    """Implements `Builder`. Create and use it within a running event loop."""

    def __init__(self, settings: BuildSettings) -> None:
        self._settings = settings
        self._kept = BuildCache(settings.folder / "kept", settings.kept_max)
        self.repositories = Repositories(settings.folder / "repositories", settings.repositories)
        self._opening = asyncio.Lock()
        self._is_open = False
        self._building: dict[str, asyncio.Lock] = {}
        self._in_use: frozenset[Path] = frozenset()

    @cached_property
    def _machine(self) -> MachineBuilds:
        from simulator.builds.machine.machine_builds import MachineBuilds  # noqa: PLC0415 when there is a build

        return MachineBuilds(self._settings, self.repositories)

    @cached_property
    def _images(self) -> EngineBuilds:
        from simulator.builds.engine.engine_builds import EngineBuilds  # noqa: PLC0415 when there is a build

        return EngineBuilds(self._settings, self.repositories, self._settings.folder / "kept")

    async def build(self, source: SourceDescription, steps: BuildSteps, commit: str = "") -> BuildArtifact:
        """Build the source, or return the cached artifact (see `Builder.build`)."""
        directory = directory_of(source.source_directory)
        await self._open()
        clone, newest = await self.repositories.fetch(source)
        commit = commit or newest
        tree = await self.repositories.tree(clone, commit)
        await self.repositories.tree(clone, commit, directory)
        await steps.reach(Phase.SOURCE_PULLED)
        plan = await self._plan(source, clone, commit, directory)
        self._check_support(source, plan)
        backend = await self._backend(plan)
        await steps.reach(Phase.BUILDING)
        engines = await self._check_engines(plan, backend, clone, commit, directory)
        unread = await self._unread_file(source, clone, commit, directory)
        for note in (backend.note, engines, unread, *build_notes(plan, of_api=source.values is not None)):
            if note:
                steps.log(f"[AppRunner] {note}")
        key = key_of(
            plan.inputs()
            | backend.inputs()
            | {"tree": tree, "directory": directory, "environment": dict(self._settings.environment)}
        )
        async with self._building.setdefault(key, asyncio.Lock()):  # a second build with this key waits
            return await self._kept_or_made(key, backend, Job(plan, clone, commit, directory), steps)

    async def state(self, source: SourceDescription) -> str:
        """Return a text that changes if the result of a build may change; empty if unknown.

        `build` then reports the reason.
        """
        try:
            return (await self.repositories.fetch(source))[1]
        except BuildFailed:
            return ""

    def keep(self, wanted: Sequence[BuildArtifact]) -> None:
        self._in_use = frozenset(built.folder.parent.parent for built in wanted)
        self._kept.shrink(self._in_use)

    async def close(self) -> None:
        """Release all resources. Running builds must be cancelled before. Idempotent."""
        for made in ("_machine", "_images"):
            if made in self.__dict__:
                await self.__dict__[made].close()

    # --- decisions ---

    async def _plan(self, source: SourceDescription, clone: Path, commit: str, directory: str) -> BuildPlan:
        if source.values is not None:
            return BuildPlan.of_values(source.values)
        path = _path(directory, FILE_NAME)
        text = await self.repositories.read(clone, commit, path, FILE_BYTES_MAX)
        if text is None:
            raise BuildFailed(f"{path} = nothing, must be in the repository because it configures the build.")
        try:
            return BuildPlan.of_file(read_config(text, path))
        except FileProblems as error:
            lines = [f"[AppRunner] {problem}" for problem in error.problems]
            first = str(error.problems[0]).removeprefix(f"{path}:")
            which = "1 problem" if len(lines) == 1 else f"{len(lines)} problems, the first"
            version = f"{_NOT_SUPPORTED}: " if error.problems[0].path == "run.runtime-version" else ""
            raise BuildFailed(f"{version}{path} has {which}: {first}.", lines) from error

    async def _unread_file(self, source: SourceDescription, clone: Path, commit: str, directory: str) -> str:
        """Return a note if the repository has an apprunner.yaml that is not used (facts 6.1); usually empty."""
        path = _path(directory, FILE_NAME)
        if source.values is None or not await self.repositories.has(clone, commit, path):
            return ""
        return f"{path} is not read: ConfigurationSource is API, so the CodeConfigurationValues of the service apply."

    def _check_support(self, source: SourceDescription, plan: BuildPlan) -> None:
        name = plan.runtime.name
        if source.is_new and self._settings.rejects_old_runtimes and not is_supported(name, epoch_s()):
            raise BuildFailed(
                f"{_NOT_SUPPORTED}: the support of {name} has ended, and a new service may not choose it."
            )

    async def _check_engines(
        self, plan: BuildPlan, backend: BuildBackend, clone: Path, commit: str, directory: str
    ) -> str:
        """Check `engines.node` of package.json. Return a note for the user; usually empty."""
        if plan.runtime.language is not Language.NODE:
            return ""
        package = await self.repositories.read(clone, commit, _path(directory, PACKAGE_FILE), _PACKAGE_BYTES_MAX)
        try:
            return check_engines(package or "", plan.runtime, plan.version, backend.version)
        except EnginesConflict as conflict:
            raise BuildFailed(str(conflict)) from conflict

    # --- execution ---

    async def _backend(self, plan: BuildPlan) -> BuildBackend:
        images = self._settings.images_of(plan.runtime)
        if images is not None:
            return await self._images.backend(plan, images)
        if self._settings.offline:
            raise BuildFailed(
                f"{plan.runtime.name} has no images, offline builds need them: name them in the settings."
            )
        return await self._machine.backend(plan)

    async def _kept_or_made(self, key: str, backend: BuildBackend, job: Job, steps: BuildSteps) -> BuildArtifact:
        loop = asyncio.get_running_loop()
        place = self._kept.find(key)
        if place is not None and await backend.has(place):
            steps.log("[AppRunner] Nothing that the build depends on has changed: the cached build is used.")
            return _built(place, backend, job, 0.0, from_cache=True)
        if place is not None:
            await loop.run_in_executor(None, self._kept.drop, place)
        place, began_s = self._kept.place(key), loop.time()
        try:
            steps.log("[AppRunner] Starting to build your application source code.")
            await backend.make(place, job, steps)
            duration_s = loop.time() - began_s
            self._kept.finish(place, {"commit": job.commit, "duration_s": duration_s})
        except BaseException:
            await asyncio.shield(loop.run_in_executor(None, self._kept.drop, place))
            raise
        await loop.run_in_executor(None, self._kept.shrink, self._in_use | {place})
        await self._images.tidy()
        return _built(place, backend, job, duration_s, from_cache=False)

    async def _open(self) -> None:
        """Prepare the first build: create the folders, and remove unfinished builds of killed simulators."""
        async with self._opening:
            if not self._is_open:
                own_private_folder(self._settings.folder)
                own_private_folder(self._settings.folder / "repositories")
                await asyncio.get_running_loop().run_in_executor(None, self._kept.open)
                self._is_open = True


def _built(place: Path, backend: BuildBackend, job: Job, duration_s: float, *, from_cache: bool) -> BuildArtifact:
    plan, start = job.plan, backend.start(place, job)
    return BuildArtifact(
        start.folder,
        start.command,
        plan.runtime.name,
        job.commit,
        plan.port,
        plan.port_variable or None,
        plan.start,
        start.environment,
        plan.secrets,
        duration_s,
        from_cache,
        start.image,
        start.set_up,
    )


def _path(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory else name
