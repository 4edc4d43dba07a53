"""The application of an observed service: built from a folder, or an image whose port the engine knows."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final, assert_never

from simulator.builds.config.file import FILE_NAME
from simulator.builds.dockerfile.build_context import DOCKERFILE
from simulator.builds.dockerfile.builder import DockerfileBuilder, port_of
from simulator.builds.project.project_detection import detect
from simulator.builds.settings import BuildSettings
from simulator.calibration.observing.observed_service import ObservedService
from simulator.calibration.observing.targets import ObservedTarget, TargetKind, with_port
from simulator.cli.build_options import build_settings
from simulator.cli.exit_codes import bad_input, broke
from simulator.cli.printing import echo
from simulator.cli.scenarios.run_builds import built
from simulator.fleet.docker.config import missing_image
from simulator.fleet.docker.engine import Engine, EngineGone, EngineRejected, Image
from simulator.model.images import ImageIdentifier
from simulator.scenario.sections.application_spec import SourceCodeSpec
from simulator.world.clock import ClockKind, run

# Folders of a project that are not its source: of version control, and of packages installed for this machine.
_NOT_SOURCE: Final = (".git", "node_modules", ".venv", "venv", "__pycache__")


def with_application(
    target: ObservedTarget, observed: ObservedService, state: Path, engine: str, *, port: int | None, quiet: bool
) -> ObservedService:
    """Return the service with an application that can be launched. Ends the command if there is none."""
    match target.kind:
        case TargetKind.IMAGE:
            return _with_image(target, observed, engine, port)
        case TargetKind.FOLDER:
            return _of_folder(Path(target.text).resolve(), observed, state, engine, quiet=quiet)
        case TargetKind.SCENARIO:
            settings = build_settings(state, engine=engine)
            return replace(observed, scenario=built(observed.scenario, settings, quiet=quiet))
        case TargetKind.COMMAND:
            return observed
        case _:
            assert_never(target.kind)


def _with_image(target: ObservedTarget, observed: ObservedService, engine: str, port: int | None) -> ObservedService:
    try:
        image = run(ClockKind.REAL, lambda: _image(engine, target.text))
    except (EngineGone, EngineRejected) as error:
        broke(f"the container engine cannot be used: {error}")
    if image is None:
        bad_input(
            f"target = {target.text!r}, {missing_image(target.text)}",
            "a folder is written ./NAME, a command with its arguments or command:NAME",
        )
    return with_port(observed, port_of(image.ports)) if port is None else observed


async def _image(engine: str, name: str) -> Image | None:
    connection = Engine(engine)
    try:
        return await connection.image(ImageIdentifier(name).local_names)
    finally:
        await connection.close()


def _of_folder(folder: Path, observed: ObservedService, state: Path, engine: str, *, quiet: bool) -> ObservedService:
    settings = build_settings(state, engine=engine)
    if (folder / FILE_NAME).is_file():
        return replace(observed, scenario=built(observed.scenario, settings, quiet=quiet))
    if (folder / DOCKERFILE).is_file():
        scenario = built(observed.scenario, settings, quiet=quiet, make_builder=DockerfileBuilder)
        return replace(observed, scenario=scenario)
    return _detected(folder, observed, state, settings, quiet=quiet)


def _detected(
    folder: Path, observed: ObservedService, state: Path, settings: BuildSettings, *, quiet: bool
) -> ObservedService:
    """Build a copy of the folder with the apprunner.yaml that `simulator init` would write."""
    project = detect(folder)
    if project is None:
        bad_input(
            f"target = {folder}, must have an {FILE_NAME}, a {DOCKERFILE}, or a project that `simulator init` knows"
        )
    copy = state / "observed" / folder.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(*_NOT_SOURCE), symlinks=True)
    (copy / FILE_NAME).write_text(project.text(), encoding="utf-8")
    if not quiet:
        echo(f"no {FILE_NAME}: built as {project.kind}; `simulator init {folder}` writes the file", err=True)
    application = observed.scenario.services[observed.name].application
    source = SourceCodeSpec.model_construct(folder=copy, branch="", directory="/")
    moved = application.model_copy(update={"source_code": source})
    scenario = observed.scenario.with_services({observed.name: {"application": moved}})
    try:
        return replace(observed, scenario=built(scenario, settings, quiet=quiet))
    finally:
        shutil.rmtree(copy, ignore_errors=True)
