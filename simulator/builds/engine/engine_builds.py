"""Builds inside images of the container engine that the settings assign to a runtime: a build image and a run image.

The result is also an image, based on the run image; instances are containers of it. It is removed together with its
cache entry: images have a label by which those without an entry are found.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from simulator.builds.artifact import BuildFailed, BuildSteps
from simulator.builds.build_backend import Job, Start
from simulator.builds.build_plan import BuildPlan
from simulator.builds.engine.container_executor import ContainerExecutor
from simulator.builds.engine.downloads import Downloads, downloads_of, lacks_network
from simulator.builds.git.repositories import Repositories
from simulator.builds.phases import Phases, StageName
from simulator.builds.settings import BuildSettings, RuntimeImages
from simulator.fleet.docker.building import BuildEngine
from simulator.fleet.docker.engine import EngineGone, EngineRejected, Image
from simulator.fleet.docker.engine_address import is_local
from simulator.fleet.docker.labels import OWNER, sweep_orphans
from simulator.fleet.process.confinement.storage import used_bytes
from simulator.fleet.process.confinement.sweep import owner_name, remove
from simulator.model.images import ImageIdentifier
from simulator.model.resources.service_configuration import start_words
from simulator.world.private_files import open_private, own_private_folder

REPOSITORY: Final = "apprunner-simulator-build"
_OFFLINE: Final = (
    "The build is offline and uses kept downloads only: build once with the network to keep what is missing."
)
_UNREACHED: Final = "No server could be reached, and the kept downloads are not enough."
_LABEL: Final = "apprunner-simulator.builds"


class EngineBuilds:
    """Builds in engine images. `kept`: the folder of the cache entries.

    The first build opens the client; call `close` after the last build.
    """

    def __init__(self, settings: BuildSettings, repositories: Repositories, kept: Path) -> None:
        self._settings = settings
        self._repositories = repositories
        self._kept = kept
        self._opening = asyncio.Lock()
        self._engine: BuildEngine | None = None
        self._identity = ""  # of this cache, unique among all users of the engine

    async def backend(self, plan: BuildPlan, images: RuntimeImages) -> EngineBuildBackend:
        """Return a backend for these images. Raises BuildFailed if one of them cannot be used for it."""
        build = await self._image(plan, images.build, "build image")
        run = build if images.run == images.build else await self._image(plan, images.run, "run image")
        engine = await self._open()
        return EngineBuildBackend(self._settings, self._repositories, engine, images, build, run, self._identity)

    async def _image(self, plan: BuildPlan, name: str, role: str) -> Image:
        runtime = plan.runtime
        try:
            engine = await self._open()
            image = await engine.image(ImageIdentifier(name).local_names)
        except (EngineGone, EngineRejected, ValueError) as error:
            raise BuildFailed(f"{name}, the {role} of {runtime.name}, is not available: {error}.") from error
        if image is None:
            raise BuildFailed(
                f"{name}, the {role} of {runtime.name}, is not in the container engine at {engine.host} (no registry "
                f"is asked): get it by `docker pull`, `docker build` or `simulator runtimes build {runtime.name}`, or "
                "name another in the setting."
            )
        inside = [volume for volume in image.volumes if _meets_app(volume)]
        if inside:
            raise BuildFailed(f"{name} = an image with a volume at {inside[0]}, must have none at or around /app.")
        return image

    async def tidy(self) -> None:
        """Remove images without a cache entry. Images in use are kept until the next call."""
        if self._engine is not None:
            with contextlib.suppress(EngineGone, EngineRejected):
                for name in await self._engine.labelled_images(_LABEL, self._identity):
                    if not (self._kept / name.rpartition(":")[2]).exists():
                        await self._engine.remove_image(name)

    async def close(self) -> None:
        """Remove the images of dropped builds and close the engine client. Idempotent."""
        if self._engine is not None:
            await self.tidy()
            await self._engine.close()
            self._engine = None

    async def _open(self) -> BuildEngine:
        async with self._opening:
            if self._engine is None:
                engine = BuildEngine(self._settings.engine)
                try:
                    await engine.until_it_answers(self._settings.engine_patience_s)
                    await sweep_orphans(engine)
                    self._identity = await asyncio.get_running_loop().run_in_executor(
                        None, _identity, self._kept.parent
                    )
                except BaseException:
                    await engine.close()
                    raise
                self._engine = engine
                await self.tidy()
            return self._engine


class EngineBuildBackend:
    """Implements `BuildBackend` with the images of a container engine."""

    version = ""

    def __init__(
        self,
        settings: BuildSettings,
        repositories: Repositories,
        engine: BuildEngine,
        images: RuntimeImages,
        build: Image,
        run: Image,
        identity: str,
    ) -> None:
        self.note = f"Commands run in containers of the image {images.build}."
        if build != run:
            self.note = f"The build image is {images.build}, the run image {images.run}."
        self._settings = settings
        self._repositories = repositories
        self._engine = engine
        self._images = {StageName.MADE: build.name, StageName.RUNS: run.name}
        self._identity = identity

    def inputs(self) -> dict[str, Any]:
        return {str(stage): image for stage, image in self._images.items()}

    async def has(self, place: Path) -> bool:
        try:
            return await self._engine.image((_name(place),)) is not None
        except (EngineGone, EngineRejected) as error:
            raise BuildFailed(f"{error}.") from error

    async def make(self, place: Path, job: Job, steps: BuildSteps) -> None:
        """Build into `place`. If no server can be reached, build again with the downloads of earlier builds."""
        if not start_words(job.plan.start):
            raise BuildFailed("start command = nothing, must start the application.")
        offline = self._settings.offline
        try:
            downloads = await self._downloads(job)
            has_kept = await self._has_kept(downloads, steps)
        except (EngineGone, EngineRejected) as error:
            raise BuildFailed(f"{error}.") from error
        watch = _NetworkWatch(steps.log)
        try:
            await self._attempt(place, job, watch.log, downloads, offline=offline, has_network=not offline)
        except BuildFailed as failed:
            if offline:
                raise BuildFailed(f"{failed.reason} {_OFFLINE}", failed.lines) from failed
            if not (watch.lacked and has_kept):
                raise
            steps.log("[AppRunner] No server could be reached: the build starts again with kept downloads only.")
            try:
                await self._attempt(place, job, steps.log, downloads, offline=True)
            except BuildFailed as again:
                raise BuildFailed(f"{again.reason} {_UNREACHED}", again.lines) from again

    async def _attempt(
        self,
        place: Path,
        job: Job,
        log: Callable[[str], None],
        downloads: Mapping[StageName, Downloads],
        *,
        offline: bool = False,
        has_network: bool = True,
    ) -> None:
        owner, app = owner_name(os.getpid()), place / "made" / "app"
        app.mkdir(parents=True, exist_ok=True)
        for note in await self._repositories.lay_out(job.clone, job.commit, app):
            log(f"[AppRunner] {note}")
        executor = ContainerExecutor(
            self._engine,
            self._images,
            f"{owner}build-{place.name.rpartition('-')[2]}-{id(self):x}",
            owner,
            job.work_directory,
            self._settings.limits,
            self._settings.environment,
            downloads,
            self._identity,
            offline=offline,
            has_network=has_network,
        )
        try:
            await executor.begin(app)
            await asyncio.get_running_loop().run_in_executor(None, remove, str(app.parent))
            await Phases(job.plan, executor, log, job.work_directory).carry_out()
            if not offline:
                await executor.keep_wheels(job.plan.commands)
            await executor.commit(_name(place), self._config(job))
        finally:
            await asyncio.shield(executor.close())  # completes even if the build is cancelled twice

    async def _downloads(self, job: Job) -> Mapping[StageName, Downloads]:
        """Return the kept downloads of the stages."""
        found = dict[StageName, Downloads]()
        for stage, image in self._images.items():
            environment = await self._engine.image_environment(image)
            language, source = job.plan.runtime.language, f"{job.clone}:{job.directory}"
            found[stage] = downloads_of(language, environment, self._identity, source)
        return found

    async def _has_kept(self, downloads: Mapping[StageName, Downloads], steps: BuildSteps) -> bool:
        """Return True if there are downloads of earlier builds. Removes those that exceed their limit."""
        loop, limit, has_kept = asyncio.get_running_loop(), self._settings.downloads_bytes_max, False
        for volume in dict.fromkeys(name for each in downloads.values() for name in each.volumes.values()):
            folder = await self._engine.volume_folder(volume)
            if folder is None:
                continue
            if not is_local(self._engine.host):
                has_kept = True
                continue
            used = await loop.run_in_executor(None, used_bytes, Path(folder))
            if used > limit:
                steps.log(
                    f"[AppRunner] The kept downloads in the volume {volume} exceed {limit} bytes and are removed."
                )
                await self._engine.remove_volume(volume)
            else:
                has_kept = has_kept or used > 0
        return has_kept

    def start(self, place: Path, job: Job) -> Start:
        plan = job.plan
        port: Mapping[str, str] = {plan.port_variable: str(plan.port)} if plan.port_variable else {}
        return Start(place / "runs" / "app", start_words(plan.start), {**plan.variables, **port}, _name(place))

    def _config(self, job: Job) -> dict[str, Any]:
        """Return the configuration of the image.

        It has no owner label, which belongs to containers, so that a container that a user starts from the image does
        not count as one of the simulator's.
        """
        return {
            "Entrypoint": [],
            "Cmd": list(start_words(job.plan.start)),
            "WorkingDir": job.work_directory,
            "ExposedPorts": {f"{job.plan.port}/tcp": {}},
            "Labels": {_LABEL: self._identity, OWNER: ""},
        }


class _NetworkWatch:
    """Passes log lines on. `lacked`: True after a line that reports that a server could not be reached."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self.lacked = False

    def log(self, line: str) -> None:
        self.lacked = self.lacked or lacks_network(line)
        self._log(line)


def _name(place: Path) -> str:
    return f"{REPOSITORY}:{place.name}"


def _meets_app(volume: str) -> bool:
    path, app = PurePosixPath(volume), PurePosixPath("/app")
    return path == app or path in app.parents or app in path.parents


def _identity(folder: Path) -> str:
    """Return the identity of the folder, which is created once at random. Blocks briefly."""
    file = folder / "engine-identity"
    own_private_folder(folder)
    with contextlib.suppress(FileExistsError):
        descriptor = open_private(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(secrets.token_hex(16))
    return file.read_text(encoding="utf-8").strip()
