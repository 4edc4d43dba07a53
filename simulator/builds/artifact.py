"""The port of the builds: takes a source and returns an application for instances, or raises `BuildFailed`.

A build that fails or is cancelled leaves nothing behind: no process, no folder, no partial cache entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

from simulator.fleet.process.environment import SetUp
from simulator.model.resources.phase import Phase
from simulator.model.resources.service_configuration import PORT, ServiceConfiguration

DEFAULT_PORT = int(PORT)
ROOT_DIRECTORY = "/"


@dataclass(frozen=True, slots=True)
class CodeValues:
    """CodeConfigurationValues of the API: the service's own build configuration, used instead of an apprunner.yaml.

    `runtime` is the API's name, such as PYTHON_311. `secrets` maps variables to references, never to values.
    """

    runtime: str
    build_command: str = ""
    start_command: str = ""
    port: int = DEFAULT_PORT
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """The location of a source and of its build configuration.

    `repository`: an https URL as in the API, any URL that git accepts, or the path of a local clone. `branch`: empty
    for the current files of a folder, including uncommitted changes. `source_directory`: from the repository's root,
    such as `/service-a`. `values` None: apprunner.yaml in the source directory configures everything
    (ConfigurationSource REPOSITORY). `connection`: the ARN of the connection, by which clones can be selected.
    `is_new`: the service has never run; a new service may not choose a runtime after its end of support (facts 6.6).
    """

    repository: str
    branch: str
    source_directory: str = ROOT_DIRECTORY
    values: CodeValues | None = None
    connection: str | None = None
    is_new: bool = False

    @classmethod
    def of(cls, configuration: ServiceConfiguration, *, is_new: bool = False) -> Self:
        """Describe the source of a service with a code repository."""
        repository = configuration.repository
        assert repository is not None, "a service from an image has nothing to build"
        code = repository["CodeConfiguration"]
        settings = configuration.run_settings
        from_api = code["ConfigurationSource"] == "API"
        return cls(
            repository["RepositoryUrl"],
            repository["SourceCodeVersion"]["Value"],
            repository.get("SourceDirectory", ROOT_DIRECTORY),
            CodeValues(
                settings["Runtime"],
                settings.get("BuildCommand", ""),
                settings.get("StartCommand", ""),
                configuration.port,
                configuration.variables,
                configuration.secrets,
            )
            if from_api
            else None,
            configuration.connection_arn,
            is_new,
        )


@dataclass(frozen=True, slots=True)
class BuildArtifact:
    """A built application, from which instances are started.

    `folder` becomes an instance's /app: drivers run a copy of it, as ProcessDriver does, and never write to it.
    `command` is a program and its arguments. It is started in that copy, after `set_up` if there is one. `set_up`
    changes to the source directory; if there is a `port_variable`, it also sets that variable to the value of PORT. If
    `image` is given, instances are containers of that image of the engine with `command` as their start command (empty:
    the image's own), and `folder` only names the build.

    `environment` contains all run variables and all variables that the runtime adds, including PATH. `start_command` is
    the command in the configuration. `secrets` are references. `runtime` is the API's name. `commit` is the version to
    report; passed to `build`, it gives the same build again. `duration_s` is the billed build time; 0 if the build came
    from the cache (`from_cache`).
    """

    folder: Path
    command: tuple[str, ...]
    runtime: str
    commit: str
    port: int = DEFAULT_PORT
    port_variable: str | None = None
    start_command: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    duration_s: float = 0.0
    from_cache: bool = False
    image: str = ""
    set_up: SetUp | None = None


class BuildFailed(Exception):
    """The build failed.

    `reason`: a sentence, as the argument of `workload.build_failed`. `lines`: log lines that precede it, each with its
    prefix.
    """

    def __init__(self, reason: str, lines: Sequence[str] = ()) -> None:
        self.reason = reason
        self.lines = tuple(lines)
        super().__init__(reason)


class BuildSteps(Protocol):
    """Receives the progress of a build. The workload's `Steps` implement it."""

    async def reach(self, phase: Phase) -> None:
        """Report SOURCE_PULLED, then BUILDING. The receiver may delay the build until the time of the phase."""

    def log(self, line: str) -> None:
        """Write a line of the deployment log with its prefix, such as `[Build] Step 1/3 : FROM ...`."""


class Builder(Protocol):
    """Builds sources. Builds of several services may run concurrently."""

    async def build(self, source: SourceDescription, steps: BuildSteps, commit: str = "") -> BuildArtifact:
        """Build the newest commit of the branch, or `commit` if given. Equal inputs return the cached build.

        Raises:
            BuildFailed: if the source is unavailable, its configuration is invalid, or a command fails.
        """

    def keep(self, wanted: Sequence[BuildArtifact]) -> None:
        """Keep the builds in use. Of the others, keep only as many as the cache may hold."""

    async def close(self) -> None:
        """Stop all builds in progress. Idempotent."""
