"""The application of a target, ready to be launched: built from a folder, or an image whose port the engine knows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, assert_never

from simulator.builds.artifact import Builder, BuildSteps
from simulator.builds.config.file import FILE_NAME
from simulator.builds.dockerfile.build_context import DOCKERFILE
from simulator.builds.dockerfile.builder import DockerfileBuilder, port_of
from simulator.builds.local import LocalBuilder
from simulator.builds.project.project_detection import detect
from simulator.builds.settings import BuildSettings
from simulator.calibration.observing.observed_service import ObservedService
from simulator.calibration.observing.targets.targets import ObservedTarget, TargetKind, with_port
from simulator.fleet.docker.config import missing_image
from simulator.fleet.docker.engine import Engine, Image
from simulator.model.images import ImageIdentifier
from simulator.replay.source_builds import needs_builds, with_builds
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.application_spec import SourceCodeSpec
from simulator.world.clock import ClockKind, run

# Folders of a project that are not its source: of version control, and of packages installed for this machine.
_NOT_SOURCE: Final = (".git", "node_modules", ".venv", "venv", "__pycache__")

MakeBuilder = Callable[[BuildSettings], Builder]


def with_application(
    target: ObservedTarget,
    observed: ObservedService,
    settings: BuildSettings,
    steps: BuildSteps,
    *,
    port: int | None = None,
) -> ObservedService:
    """Return the service with an application that can be launched. Builds it, with lines about that to `steps`.

    Raises:
        BuildFailed: if it cannot be built.
        EngineGone, EngineRejected: if the container engine cannot be used.
        ValueError: if the target is no image of the engine, or no project.
    """
    match target.kind:
        case TargetKind.IMAGE:
            image = run(ClockKind.REAL, lambda: _image(settings.engine, target.text))
            if image is None:
                msg = f"target = {target.text!r}, {missing_image(target.text)}"
                raise ValueError(msg)
            return with_port(observed, port_of(image.ports)) if port is None else observed
        case TargetKind.FOLDER:
            return _of_folder(Path(target.text).resolve(), observed, settings, steps)
        case TargetKind.SCENARIO:
            return _built(observed, settings, steps, LocalBuilder)
        case TargetKind.COMMAND | TargetKind.URL:
            return observed
        case _:
            assert_never(target.kind)


async def _image(engine: str, name: str) -> Image | None:
    connection = Engine(engine)
    try:
        return await connection.image(ImageIdentifier(name).local_names)
    finally:
        await connection.close()


def _of_folder(folder: Path, observed: ObservedService, settings: BuildSettings, steps: BuildSteps) -> ObservedService:
    if (folder / FILE_NAME).is_file():
        return _built(observed, settings, steps, LocalBuilder)
    if (folder / DOCKERFILE).is_file():
        return _built(observed, settings, steps, DockerfileBuilder)
    project = detect(folder)
    if project is None:
        msg = f"target = {folder}, must have an {FILE_NAME}, a {DOCKERFILE}, or a project that `simulator init` knows"
        raise ValueError(msg)
    # The folder is the user's own, so a copy gets the file that `simulator init` would write.
    copy = settings.folder / "observed" / folder.name
    shutil.rmtree(copy, ignore_errors=True)
    try:
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(*_NOT_SOURCE), symlinks=True)
        (copy / FILE_NAME).write_text(project.text(), encoding="utf-8")
        steps.log(f"There is no {FILE_NAME}: built as {project.kind}; `simulator init {folder}` writes the file")
        return _built(_moved(observed, copy), settings, steps, LocalBuilder)
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _moved(observed: ObservedService, folder: Path) -> ObservedService:
    """Return the service whose source code is in `folder`."""
    application = observed.scenario.services[observed.name].application
    source = SourceCodeSpec.model_construct(folder=folder, branch="", directory="/")
    moved = application.model_copy(update={"source_code": source})
    return replace(observed, scenario=observed.scenario.with_services({observed.name: {"application": moved}}))


def _built(
    observed: ObservedService, settings: BuildSettings, steps: BuildSteps, make_builder: MakeBuilder
) -> ObservedService:
    scenario = observed.scenario
    if not needs_builds(scenario):
        return observed

    async def build() -> ScenarioSpec:
        builder = make_builder(settings)
        try:
            return await with_builds(scenario, builder, steps)
        finally:
            await builder.close()

    return replace(observed, scenario=run(ClockKind.REAL, build))
