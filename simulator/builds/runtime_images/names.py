"""Names and labels of the images of managed runtimes, and the selection of runtimes by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from simulator.builds.runtimes import BY_FILE_NAME, RUNTIMES, Runtime
from simulator.builds.settings import RuntimeImages
from simulator.model.images import ImageIdentifier
from simulator.model.text.problems import one_of

DEFAULT_PREFIX: Final = "apprunner-simulator"
# Labels of a finished image.
RUNTIME: Final = "apprunner-simulator.runtime"
VERSION: Final = "apprunner-simulator.version"
BASE: Final = "apprunner-simulator.base"


class Role(StrEnum):
    """BUILD: the image of the build stages. RUN: the image that a build deploys with the application."""

    BUILD = "build"
    RUN = "run"


def image_name(prefix: str, runtime: Runtime, role: Role) -> str:
    """Return the name of an image, in the form of App Runner's names (facts 6.4): `…python311-build`, `…python311`."""
    return f"{prefix}-{runtime.file_name}{'-build' if role is Role.BUILD else ''}:latest"


def images_of(prefix: str) -> Mapping[str, RuntimeImages]:
    """Map the API's name of each runtime to its images.

    Raises:
        ValueError: if image names cannot begin with `prefix`.
    """
    check_prefix(prefix)
    return {
        name: RuntimeImages(image_name(prefix, runtime, Role.BUILD), image_name(prefix, runtime, Role.RUN))
        for name, runtime in RUNTIMES.items()
    }


def check_prefix(prefix: str) -> str:
    """Return `prefix`, the beginning of image names. Raises ValueError if it cannot be one."""
    try:
        ImageIdentifier(f"{prefix}-x:latest")
    except ValueError as error:
        msg = f"prefix = {prefix!r}, must be the beginning of an image name, such as {DEFAULT_PREFIX}"
        raise ValueError(msg) from error
    return prefix


def runtimes_of(names: Sequence[str]) -> tuple[Runtime, ...]:
    """Return the runtimes with these names, which are those of the API or of apprunner.yaml; without names, all.

    Raises:
        ValueError: for an unknown name.
    """
    return tuple(dict.fromkeys(map(runtime_named, names))) or tuple(RUNTIMES.values())


def runtime_named(name: str) -> Runtime:
    runtime = RUNTIMES.get(name.upper()) or BY_FILE_NAME.get(name.lower())
    if runtime is None:
        known = RUNTIMES if "_" in name or name.isupper() else BY_FILE_NAME
        msg = f"RUNTIME = {name}, must be {one_of(name, known)}"
        raise ValueError(msg)
    return runtime
