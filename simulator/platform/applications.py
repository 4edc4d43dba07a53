"""Selects what runs for a service of the API: an image of a registry or of the local engine, the artifact of a build
from source code, or an application that a setting names instead of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from simulator.builds.artifact import BuildArtifact, Builder, BuildFailed, BuildSteps, SourceDescription
from simulator.builds.notes import start_notes
from simulator.control.operations.workload import ServiceRevision, WorkloadFailed, build_failed, pull_failed
from simulator.fleet.applications import Application
from simulator.fleet.docker.config import DEFAULT_EGRESS, DockerApplication
from simulator.fleet.docker.engine import Engine, EngineGone, EngineRejected, Image
from simulator.fleet.docker.engine_address import DEFAULT_HOST
from simulator.fleet.registries.registry_map import NO_REGISTRIES, RegistryMap
from simulator.model.images import ImageIdentifier
from simulator.model.resources.phase import Phase
from simulator.model.resources.service_configuration import start_words
from simulator.platform.built_application import application_of

_ENGINE_PATIENCE_S: Final = 5.0
_LOCAL_VERSION: Final = "local"


@dataclass(frozen=True, slots=True)
class Runnable:
    """What a revision runs. `version`: the image id or the commit with which a later start runs the same.

    `port` and `secrets` (variable -> reference) come from the service, or from its apprunner.yaml.
    """

    application: Application
    version: str
    port: int
    secrets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ApplicationSettings:
    """`named`: applications that replace images and source code, by service name, image identifier or repository URL.
    For these the engine is not used and nothing is built.

    `engine`: the address of the container engine. `networks`: for a subnet of a VPC connector, the engine's network
    that represents it. `builder`: builds source code; its owner closes it. Without a builder, services from source
    code cannot be deployed. `registries`: where images of ECR and ECR Public are pulled from; those without a registry
    must be in the engine. `has_vpcs`: the rules of VPCs apply instead of `networks`.
    """

    named: Mapping[str, Application] = field(default_factory=dict)
    engine: str = DEFAULT_HOST
    networks: Mapping[str, str] = field(default_factory=dict)
    builder: Builder | None = None
    registries: RegistryMap = NO_REGISTRIES
    has_vpcs: bool = False


class SourceProgress(BuildSteps, Protocol):
    """Receives the progress of a build or a pull."""

    def pulls(self, size_bytes: int) -> None:
        """Report the compressed size of the image that is pulled."""


class Applications:
    """Finds the application that a revision runs."""

    def __init__(self, settings: ApplicationSettings) -> None:
        self._settings = settings
        self._serving: dict[str, BuildArtifact] = {}  # by service: the application that is in use
        self._found: dict[str, BuildArtifact] = {}  # by service: the last application that was found

    async def find(
        self, revision: ServiceRevision, steps: SourceProgress | None = None, *, is_new: bool = False
    ) -> Runnable:
        """Return the newest application of the revision's source, or the given version without another pull or build.

        `steps` receives the phases of a build, and the size of a pulled image. `is_new`: the service has never run.

        Raises:
            WorkloadFailed: if there is no such image or commit, the build fails, or there is nothing that can run.
        """
        configuration, steps = revision.configuration, steps or _SilentProgress()
        origin = configuration.image or str((configuration.repository or {})["RepositoryUrl"])
        named = self._settings.named.get(revision.name) or self._settings.named.get(origin)
        try:
            if named is not None:
                if not configuration.is_image:
                    await steps.reach(Phase.SOURCE_PULLED)
                    await steps.reach(Phase.BUILDING)
                application = _configured(named, revision)
                return Runnable(application, _LOCAL_VERSION, configuration.port, configuration.secrets)
            if configuration.is_image:
                for note in start_notes(configuration.start_command or ""):
                    steps.log(f"[AppRunner] {note}")
                return await self._of_image(revision, ImageIdentifier(origin), steps)
            return await self._of_source(revision, steps, is_new=is_new)
        except ValueError as error:
            raise WorkloadFailed(f"{error}.") from error

    def serves(self, revision: ServiceRevision) -> None:
        """Mark the last found application as in use, and the previous one as unused."""
        found = self._found.pop(revision.service_arn, None)
        if found is not None:
            self._serving[revision.service_arn] = found
            self._keep()

    def forget(self, service_arn: str) -> None:
        """Forget a deleted service."""
        self._found.pop(service_arn, None)
        if self._serving.pop(service_arn, None) is not None:
            self._keep()

    def _keep(self) -> None:
        if self._settings.builder is not None:
            self._settings.builder.keep((*self._serving.values(), *self._found.values()))

    async def _of_source(self, revision: ServiceRevision, steps: BuildSteps, *, is_new: bool) -> Runnable:
        builder = self._settings.builder
        if builder is None:
            raise build_failed("This simulator cannot build source code: no builder is configured.")
        try:
            source = SourceDescription.of(revision.configuration, is_new=is_new)
            built = await builder.build(source, steps, revision.version)
        except BuildFailed as failure:
            for line in failure.lines:
                steps.log(line)
            raise build_failed(failure.reason) from failure
        self._found[revision.service_arn] = built
        application = application_of(built, self._egress(revision) if built.image else DEFAULT_EGRESS)
        return Runnable(application, built.commit, built.port, built.secrets)

    async def _of_image(
        self, revision: ServiceRevision, identifier: ImageIdentifier, steps: SourceProgress
    ) -> Runnable:
        place = self._settings.registries.place(identifier)
        names = (revision.version,) if revision.version else identifier.local_names if place is None else ()
        engine = Engine(self._settings.engine)
        try:
            await engine.until_it_answers(_ENGINE_PATIENCE_S)
            found: Image | None = await engine.image(names)
            version = found.name if found is not None and not revision.version else revision.version
            if found is None and place is not None and (not revision.version or "@" in revision.version):
                from simulator.platform.registry_images import pulled_image  # noqa: PLC0415 only who has a registry

                found, version = await pulled_image(engine, place, revision, identifier, steps)
        except (EngineGone, EngineRejected) as error:
            raise pull_failed(f"{error}.") from error
        finally:
            await engine.close()
        if found is None:
            raise pull_failed(f"the engine has no image {' or '.join(names)} (no registry is configured for it).")
        configuration = revision.configuration
        application = DockerApplication(
            found.name,
            start_words(configuration.start_command or ""),
            configuration.variables,
            configuration.port,
            self._egress(revision),
        )
        return Runnable(application, version, configuration.port, configuration.secrets)

    def _egress(self, revision: ServiceRevision) -> str:
        """Return the engine's network for a VPC connector: the one that a setting names for one of its subnets."""
        if revision.configuration.vpc_connector_arn is None or self._settings.has_vpcs:
            return DEFAULT_EGRESS
        networks = self._settings.networks
        named = next((networks[subnet] for subnet in revision.subnets if subnet in networks), None)
        if named is None:
            subnets = ", ".join(revision.subnets)
            raise WorkloadFailed(f"No network of the engine is configured for the subnets {subnets}.")
        return named


def _configured(application: Application, revision: ServiceRevision) -> Application:
    """Return the application with the service's variables, and with its start command if it has one."""
    configuration = revision.configuration
    command = () if application.is_simulated else start_words(configuration.start_command or "")
    return application.configured(command, configuration.variables, configuration.port)


class _SilentProgress:
    """The steps of a start outside a deployment, such as the restore of a service: all events are discarded."""

    async def reach(self, phase: Phase) -> None:
        """Do nothing: phases have no duration here."""

    def pulls(self, size_bytes: int) -> None:
        """Do nothing: nothing waits for the time of a phase."""

    def log(self, line: str) -> None:
        """Do nothing: there is no deployment log."""
