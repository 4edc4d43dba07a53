"""`simulator runtimes`: the managed runtimes, and their images in the container engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import typer

from simulator.builds.runtime_images.names import (
    DEFAULT_PREFIX,
    Role,
    check_prefix,
    runtime_named,
    runtimes_of,
)
from simulator.builds.runtime_images.recipe import RecipeError, RecipeOptions, check_packages
from simulator.builds.runtimes import RUNTIMES, Runtime
from simulator.cli.build_options import build_environment
from simulator.cli.engine import engine_host
from simulator.cli.exit_codes import BROKE, bad_input, broke, tell_error
from simulator.cli.options import ENGINE_HELP, NEAR_HELP
from simulator.cli.printing import echo
from simulator.fleet.docker.engine import EngineGone, EngineRejected
from simulator.model.images import ImageIdentifier
from simulator.model.resources.runtime_support import END_OF_SUPPORT, is_supported
from simulator.world.clock import ClockKind, epoch_s, run

if TYPE_CHECKING:
    from simulator.builds.runtime_images.image_builder import RuntimeImage, RuntimeImageBuilder

PATIENCE_S: Final = 5.0  # seconds within which the engine must answer
_ALL: Final = ""  # all runtimes
_PREFIX_HELP: Final = "Beginning of the images' names."
_RUNTIME_HELP: Final = "Runtimes such as PYTHON_311 or python311; default: all."

runtimes = typer.Typer(
    help="The managed runtimes, and their images in the container engine.", no_args_is_help=True, add_completion=False
)


@runtimes.callback()
def _runtimes() -> None:
    """The managed runtimes, and their images in the container engine."""


@runtimes.command("list")
def list_runtimes(
    tag_prefix: str = typer.Option(DEFAULT_PREFIX, metavar="PREFIX", help=_PREFIX_HELP),
    engine: str | None = typer.Option(None, metavar="URL", help=ENGINE_HELP),
) -> None:
    """List the runtimes, their versions on App Runner, and the images of them that the engine has."""
    host = engine_host(engine)
    try:
        check_prefix(tag_prefix)
    except ValueError as error:
        bad_input(str(error))
    found: Mapping[str, Mapping[Role, RuntimeImage | None]] = {}
    try:
        found = run(ClockKind.REAL, lambda: _found(host, tag_prefix))
    except (EngineGone, EngineRejected) as error:
        echo(f"images are not listed: {error}", err=True)
    rows = [("RUNTIME", "FILE", "VERSION", "BUILD", "SUPPORT", "IMAGES")]
    rows += [(*_facts(runtime), _images_text(found.get(runtime.name, {}))) for runtime in RUNTIMES.values()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    echo(f"\nImages are called {tag_prefix}-FILE-build and {tag_prefix}-FILE; `simulator runtimes build` makes them.")


@runtimes.command()
def build(
    names: list[str] = typer.Argument(None, metavar="[RUNTIME]...", help=_RUNTIME_HELP),
    base: list[str] = typer.Option(
        ..., metavar="[RUNTIME=]IMAGE", help="The base image, for one runtime or for all; pulled if it is missing."
    ),
    tag_prefix: str = typer.Option(DEFAULT_PREFIX, metavar="PREFIX", help=_PREFIX_HELP),
    package: list[str] = typer.Option([], metavar="NAME", help="A further package to install; again for more."),
    near_versions: bool = typer.Option(False, "--near-versions", help=NEAR_HELP),
    skip_yum: bool = typer.Option(
        False, "--skip-yum", help="Let yum and dnf succeed without effect; default: they fail, and say why."
    ),
    dockerfile: bool = typer.Option(False, "--dockerfile", help="Print the Dockerfiles instead of building them."),
    engine: str | None = typer.Option(None, metavar="URL", help=ENGINE_HELP),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Only the names of the images, and failures."),
) -> None:
    """Make the build image and the run image of runtimes from a base image, with what App Runner's images contain."""
    host = engine_host(engine)
    try:
        wanted = runtimes_of(names or ())
        bases = _bases(base)
        check_prefix(tag_prefix)
        check_packages(package)
        chosen = _chosen(wanted, bases)
    except ValueError as error:
        bad_input(str(error))
    options = RecipeOptions(tuple(package), near_versions, skip_yum)
    try:
        failed = run(
            ClockKind.REAL,
            lambda: _build(host, tag_prefix, chosen, options, prints=dockerfile, quiet=quiet),
        )
    except (EngineGone, EngineRejected) as error:
        broke(str(error))
    if failed:
        raise typer.Exit(BROKE)


def _bases(given: Sequence[str]) -> dict[str, str]:
    """Map the names of runtimes, or `_ALL`, to base images."""
    bases = dict[str, str]()
    for text in given:
        name, separator, image = text.rpartition("=")
        bases[runtime_named(name).name if separator else _ALL] = ImageIdentifier(image).text
    return bases


def _chosen(wanted: Sequence[Runtime], bases: Mapping[str, str]) -> dict[Runtime, str]:
    """Map each runtime to its base image. Raises ValueError if one has none."""
    without = [runtime.name for runtime in wanted if runtime.name not in bases and _ALL not in bases]
    if without:
        what = f"--base IMAGE or --base {without[0]}=IMAGE"
        msg = f"base = nothing for {', '.join(without)}, must be given with {what}"
        raise ValueError(msg)
    return {runtime: bases.get(runtime.name) or bases[_ALL] for runtime in wanted}


async def _found(host: str, prefix: str) -> Mapping[str, Mapping[Role, RuntimeImage | None]]:
    builder = _builder(host, prefix)
    try:
        await builder.open()
        return {runtime.name: await builder.images(runtime) for runtime in RUNTIMES.values()}
    finally:
        await builder.close()


async def _build(
    host: str,
    prefix: str,
    bases: Mapping[Runtime, str],
    options: RecipeOptions,
    *,
    prints: bool,
    quiet: bool,
) -> int:
    """Build both images of each runtime, or print their recipes. Return the number of runtimes that failed."""
    builder, failed = _builder(host, prefix), 0
    try:
        await builder.open()
        with_buildkit = await builder.has_buildkit()
        options = RecipeOptions(options.packages, options.near_versions, options.skips_yum, with_buildkit)
        for runtime, base in bases.items():
            try:
                for role in Role:
                    if prints:
                        recipe = await builder.recipe(runtime, role, base, options)
                        echo(f"# {runtime.name}, {role} image\n{recipe.dockerfile}")
                    else:
                        await _make(builder, runtime, role, base, options, quiet=quiet)
            except (RecipeError, EngineRejected) as error:
                failed += 1
                tell_error(f"{runtime.name}: {str(error).strip().rstrip('.')}")
    finally:
        await builder.close()
    return failed


async def _make(
    builder: RuntimeImageBuilder, runtime: Runtime, role: Role, base: str, options: RecipeOptions, *, quiet: bool
) -> None:
    def log(line: str) -> None:
        if not quiet:
            echo(f"[{runtime.name} {role}] {line}")

    made = await builder.make(runtime, role, base, options, log)
    echo(f"{made.name}  {runtime.language} {made.version}")


def _builder(host: str, prefix: str) -> RuntimeImageBuilder:
    from simulator.builds.runtime_images.image_builder import RuntimeImageBuilder  # noqa: PLC0415 not for help

    return RuntimeImageBuilder(host, prefix, build_environment(), PATIENCE_S)


def _facts(runtime: Runtime) -> tuple[str, str, str, str, str]:
    versions = runtime.last_version
    if runtime.older:
        versions = f"{', '.join(runtime.older)}, {versions}"
    end = END_OF_SUPPORT.get(runtime.name)
    support = "supported" if is_supported(runtime.name, epoch_s()) else f"ended {end}"
    return runtime.name, runtime.file_name, versions, str(runtime.kind), support


def _images_text(images: Mapping[Role, RuntimeImage | None]) -> str:
    """Describe the existing images of a runtime, with the language's version and the base."""
    there = [(role, image) for role, image in images.items() if image is not None]
    bases = dict.fromkeys(image.base for _, image in there if image.base)
    text = ", ".join(f"{role} {image.version}".strip() for role, image in there)
    return f"{text} (from {', '.join(bases)})" if bases else text or "-"
