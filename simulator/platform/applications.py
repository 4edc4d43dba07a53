"""Selects the application of a service of the API: an image from a registry or the local engine, the artifact of a
build from source code, or an application that a setting names in place of these.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

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
from simulator.platform.pulled_images import PulledImages

if TYPE_CHECKING:
    from simulator.platform.stored_copies.stored_copies import StoredCopies

_ENGINE_PATIENCE_S: Final = 5.0
_LOCAL_VERSION: Final = "local"


@dataclass(frozen=True, slots=True)
class Runnable:
    """What a revision runs. `version`: the image id or the commit, with which a later start runs the same application.

    `port` and `secrets` (variable to reference) come from the service, or from its apprunner.yaml.
    """

    application: Application
    version: str
    port: int
    secrets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ApplicationSettings:
    """Where the applications of services come from.

    `named`: applications that replace images and source code, by service name, image identifier or repository URL; they
    need no engine and no build. `engine`: address of the container engine. `networks`: the engine's network that
    represents a subnet of a VPC connector, by subnet. `builder`: builds source code; its owner closes it. Without a
    builder, services from source code cannot be deployed. `registries`: registries from which images of ECR and ECR
    Public are pulled; an image without a registry must be in the engine. `has_vpcs`: the rules of VPCs apply in place
    of `networks`. `copies`: stored copies for services with a KMS key; without it, KMS keys have no effect. `pulled`:
    which pulled images stay in the engine.
    """

    named: Mapping[str, Application] = field(default_factory=dict)
    engine: str = DEFAULT_HOST
    networks: Mapping[str, str] = field(default_factory=dict)
    builder: Builder | None = None
    registries: RegistryMap = NO_REGISTRIES
    has_vpcs: bool = False
    copies: StoredCopies | None = None
    pulled: PulledImages = field(default_factory=PulledImages)


class SourceProgress(BuildSteps, Protocol):
    """Receives the progress of a build or a pull."""

    def pulls(self, size_bytes: int) -> None:
        """Report the compressed size of the image that is being pulled."""


class Applications:
    """Finds the applications of revisions."""

    def __init__(self, settings: ApplicationSettings) -> None:
        self._settings = settings
        self._serving: dict[str, BuildArtifact] = {}  # key: service; the artifact that is in use
        self._found: dict[str, BuildArtifact] = {}  # key: service; the last artifact that was built

    async def find(
        self,
        revision: ServiceRevision,
        steps: SourceProgress | None = None,
        *,
        is_new: bool = False,
        needs_key: bool = True,
    ) -> Runnable:
        """Return the application of the revision's version, without a pull or build; without a version, the newest.

        `steps` receives the phases of a build and the size of a pulled image. `is_new`: True if the service has never
        run. `needs_key`: True if the service's KMS key must be usable, even if the version is available.

        Raises:
            WorkloadFailed: if there is no such image or commit, the build fails, the application cannot run, or the KMS
            key cannot be used.
        """
        if needs_key and self._settings.copies is not None:
            await self._settings.copies.check(revision)
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

    async def remove_paused(self, revision: ServiceRevision) -> None:
        """Remove the image or build of a paused service, if there is an encrypted copy of it."""
        copies = self._settings.copies
        if copies is None or not copies.has(revision):
            return
        built = self._serving.pop(revision.service_arn, None)
        others = self._serving.values()
        if built is not None and not built.image:
            from simulator.fleet.process.confinement.sweep import remove  # noqa: PLC0415 only here

            folder = kept_folder(built)
            if folder not in map(kept_folder, others):
                await asyncio.get_running_loop().run_in_executor(None, remove, str(folder))
        elif built is not None and built.image not in {each.image for each in others}:
            await self._remove_images(built.image)
        elif built is None and "@" in revision.version:  # pulled by the simulator, not by the user
            await self._remove_images(revision.version, copies.image_id(revision) or revision.version)

    async def _remove_images(self, *names: str) -> None:
        """Remove images that no container uses. If the engine does not answer, they stay."""
        with contextlib.suppress(WorkloadFailed):
            async with self._engine() as engine:
                for name in names:
                    await engine.remove_image(name)

    @contextlib.asynccontextmanager
    async def _engine(self) -> AsyncIterator[Engine]:
        """Return the engine once it answers. Its errors are raised as a failed pull."""
        engine = Engine(self._settings.engine)
        try:
            await engine.until_it_answers(_ENGINE_PATIENCE_S)
            yield engine
        except (EngineGone, EngineRejected) as error:
            raise pull_failed(f"{error}.") from error
        finally:
            await engine.close()

    def serves(self, revision: ServiceRevision) -> None:
        """Mark the artifact that was built last as in use, and the previous one as unused."""
        if self._settings.copies is not None:
            self._settings.copies.serves(revision)
        self._settings.pulled.serves(revision.service_arn, revision.version)
        found = self._found.pop(revision.service_arn, None)
        if found is not None:
            self._serving[revision.service_arn] = found
            self._keep()

    def forget(self, service_arn: str) -> None:
        """Discard what belongs to a deleted service."""
        if self._settings.copies is not None:
            self._settings.copies.forget(service_arn)
        self._settings.pulled.forget(service_arn)
        self._found.pop(service_arn, None)
        if self._serving.pop(service_arn, None) is not None:
            self._keep()

    def _keep(self) -> None:
        if self._settings.builder is not None:
            self._settings.builder.keep((*self._serving.values(), *self._found.values()))

    async def _of_source(self, revision: ServiceRevision, steps: BuildSteps, *, is_new: bool) -> Runnable:
        builder, copies = self._settings.builder, self._settings.copies
        if builder is None:
            raise build_failed("This simulator cannot build source code: no builder is configured.")
        try:
            source = SourceDescription.of(revision.configuration, is_new=is_new)
            if copies is not None and revision.version:
                await self._restore(revision, copies)
            built = await builder.build(source, steps, revision.version)
        except BuildFailed as failure:
            for line in failure.lines:
                steps.log(line)
            raise build_failed(failure.reason) from failure
        self._found[revision.service_arn] = built
        if copies is not None and revision.kms_key is not None and not revision.version:
            await self._copy(revision, copies, built)
        application = application_of(built, self._egress(revision) if built.image else DEFAULT_EGRESS)
        return Runnable(application, built.commit, built.port, built.secrets)

    async def _copy(self, revision: ServiceRevision, copies: StoredCopies, built: BuildArtifact) -> None:
        """Encrypt a copy of a build, which is a folder or an image."""
        if not built.image:
            await copies.keep_folder(revision, built.commit, kept_folder(built))
            return
        async with self._engine() as engine:
            # the copy includes the image's name
            await copies.keep_image(revision, built.commit, engine, Image(built.image, 0))

    async def _restore(self, revision: ServiceRevision, copies: StoredCopies) -> None:
        """Restore the build of a paused service's version from its copy, if it was removed."""
        await copies.restore_folder(revision)
        name = copies.image_id(revision)
        if name is not None:
            async with self._engine() as engine:
                if await engine.image((name,)) is None:
                    await copies.load_image(revision, engine)

    async def _of_image(
        self, revision: ServiceRevision, identifier: ImageIdentifier, steps: SourceProgress
    ) -> Runnable:
        place = self._settings.registries.place(identifier)
        copies = self._settings.copies
        names = (revision.version,) if revision.version else identifier.local_names if place is None else ()
        if copies is not None and (copied := copies.image_id(revision)) is not None:
            names = (*names, copied)
        async with self._engine() as engine:
            found: Image | None = await engine.image(names)
            version = found.name if found is not None and not revision.version else revision.version
            if found is None and copies is not None:
                found = await copies.load_image(revision, engine)
            if found is None and place is not None and (not revision.version or "@" in revision.version):
                from simulator.platform.registry_images import pulled_image  # noqa: PLC0415 only with a registry

                found, version = await pulled_image(engine, place, revision, identifier, steps)
                self._settings.pulled.pulled(revision.service_arn, version)
                await self._settings.pulled.remove_excess(engine)
            if found is not None and copies is not None and not revision.version:
                await copies.keep_image(revision, version, engine, found)
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
        """Return the engine's network for the VPC connector: that of the first of its subnets that has one."""
        if revision.configuration.vpc_connector_arn is None or self._settings.has_vpcs:
            return DEFAULT_EGRESS
        networks = self._settings.networks
        named = next((networks[subnet] for subnet in revision.subnets if subnet in networks), None)
        if named is None:
            subnets = ", ".join(revision.subnets)
            raise WorkloadFailed(f"No network of the engine is configured for the subnets {subnets}.")
        return named


def kept_folder(built: BuildArtifact) -> Path:
    """Return the folder in the builder's cache that contains the build and the files that belong to it."""
    return built.folder.parent.parent


def _configured(application: Application, revision: ServiceRevision) -> Application:
    """Return the application with the service's variables, port and, if it has one, start command."""
    configuration = revision.configuration
    command = () if application.is_simulated else start_words(configuration.start_command or "")
    return application.configured(command, configuration.variables, configuration.port)


class _SilentProgress:
    """The progress of a start outside a deployment, such as the restore of a service: all reports are discarded."""

    async def reach(self, phase: Phase) -> None:
        """Do nothing: phases take no time here."""

    def pulls(self, size_bytes: int) -> None:
        """Do nothing: no phase waits for the pull."""

    def log(self, line: str) -> None:
        """Do nothing: there is no deployment log."""
