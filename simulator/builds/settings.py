"""Settings of builds: the folder, the limits, and how each runtime is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from simulator.builds.git.repositories import RepositorySettings
from simulator.builds.resource_limits import BuildLimits
from simulator.builds.runtimes import Runtime
from simulator.builds.toolchain import ToolchainSettings
from simulator.fleet.docker.engine_address import DEFAULT_HOST

ALL_RUNTIMES: Final = ""


@dataclass(frozen=True, slots=True)
class RuntimeImages:
    """The images of a runtime: the one of its build stage, and the one of instances (facts 6.3, 6.4)."""

    build: str
    run: str

    @classmethod
    def of_one(cls, image: str) -> Self:
        """Return images in which the same image builds and runs."""
        return cls(image, image)


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """Settings of the local builder.

    `environment`: variables of every build command, for access to registries (proxies, certificates). `kept_max`:
    number of cached builds besides those in use. `rejects_old_runtimes`: new services may not have a runtime after its
    end of support. `namespaces`, `control_groups`: False builds as on a machine without them. `hidden`: folders that no
    build can see, besides `folder`.

    `images`: maps the API's name of a runtime, or ALL_RUNTIMES, to the images of the container engine at `engine` in
    which it is built and run, instead of this machine's toolchain. `engine_patience_s`: time limit in seconds for an
    answer of the engine.

    `offline`: builds in images have no network and use the downloads that earlier builds have kept.
    `downloads_bytes_max`: a tool's kept downloads are removed before a build if they are larger.
    """

    folder: Path
    toolchains: ToolchainSettings = field(default_factory=ToolchainSettings)
    repositories: RepositorySettings = field(default_factory=RepositorySettings)
    limits: BuildLimits = field(default_factory=BuildLimits)
    environment: Mapping[str, str] = field(default_factory=dict)
    kept_max: int = 10
    rejects_old_runtimes: bool = True
    namespaces: bool = True
    control_groups: bool = True
    hidden: tuple[Path, ...] = ()
    images: Mapping[str, RuntimeImages] = field(default_factory=dict)
    engine: str = DEFAULT_HOST
    engine_patience_s: float = 5.0
    offline: bool = False
    downloads_bytes_max: int = 5 * 1024**3

    def images_of(self, runtime: Runtime) -> RuntimeImages | None:
        """Return the runtime's images; None if this machine's toolchain builds it."""
        return self.images.get(runtime.name) or self.images.get(ALL_RUNTIMES)
