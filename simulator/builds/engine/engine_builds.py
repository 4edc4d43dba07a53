"""Builds inside images of the container engine that the settings assign to a runtime: a build image and a run image.

The result is also an image, based on the run image; instances are containers of it. It is removed together with its
cache entry: images have a label by which those without an entry are found.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from simulator.builds.artifact import BuildFailed, BuildSteps
from simulator.builds.build_backend import Job, Start
from simulator.builds.build_plan import BuildPlan
from simulator.builds.engine.container_executor import ContainerExecutor
from simulator.builds.git.repositories import Repositories
from simulator.builds.phases import Phases, StageName
from simulator.builds.settings import BuildSettings, RuntimeImages
from simulator.fleet.docker.building import BuildEngine
from simulator.fleet.docker.engine import EngineGone, EngineRejected, Image
from simulator.fleet.docker.labels import OWNER, sweep_orphans
from simulator.fleet.process.confinement.sweep import owner_name, remove
from simulator.model.images import ImageIdentifier
from simulator.model.resources.service_configuration import start_words
from simulator.world.private_files import open_private, own_private_folder

REPOSITORY: Final = "apprunner-simulator-build"
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
        if not start_words(job.plan.start):
            raise BuildFailed("start command = nothing, must start the application.")
        owner, app = owner_name(os.getpid()), place / "made" / "app"
        app.mkdir(parents=True)
        for note in await self._repositories.lay_out(job.clone, job.commit, app):
            steps.log(f"[AppRunner] {note}")
        executor = ContainerExecutor(
            self._engine,
            self._images,
            f"{owner}build-{place.name.rpartition('-')[2]}-{id(self):x}",
            owner,
            job.work_directory,
            self._settings.limits,
            self._settings.environment,
        )
        try:
            await executor.begin(app)
            await asyncio.get_running_loop().run_in_executor(None, remove, str(app.parent))
            await Phases(job.plan, executor, steps.log, job.work_directory).carry_out()
            await executor.commit(_name(place), self._config(job))
        finally:
            await asyncio.shield(executor.close())  # completes even if the build is cancelled twice

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
