"""What runs for a service of the API: an image of the local engine, or what a setting names in its place."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from simulator.assembly.drivers import Application
from simulator.control.workload import ServiceRevision, WorkloadFailed, pull_failed
from simulator.fleet.application import SimulatedApplication
from simulator.fleet.docker import DockerApplication
from simulator.fleet.docker_config import DEFAULT_EGRESS
from simulator.fleet.docker_engine import DEFAULT_HOST, Engine, EngineGone, EngineRefused
from simulator.fleet.images import ImageIdentifier
from simulator.fleet.process import ProcessApplication

_ENGINE_PATIENCE_S: Final = 5.0
_LOCAL_VERSION: Final = "local"


@dataclass(frozen=True, slots=True)
class Runnable:
    """`version`: what a later start takes to run the same, the image's id."""

    application: Application
    version: str


@dataclass(frozen=True, slots=True)
class ApplicationSettings:
    """`named`: applications in place of images, by service name or image identifier; no engine is asked for these.

    `engine`: where it is. `networks`: for a subnet of a VPC connector the engine's network that stands for it.
    """

    named: Mapping[str, Application] = field(default_factory=dict)
    engine: str = DEFAULT_HOST
    networks: Mapping[str, str] = field(default_factory=dict)


class Applications:
    """Finds what a revision is to run. Raises ValueError when a variable or an image cannot be called so."""

    def __init__(self, settings: ApplicationSettings) -> None:
        self._settings = settings

    async def of_image(self, revision: ServiceRevision) -> Runnable:
        """Raises WorkloadFailed when there is no such image, no engine, or nothing that could run."""
        image = revision.configuration.image
        assert image is not None, revision.service_arn
        named = self._settings.named.get(revision.name) or self._settings.named.get(image)
        try:
            if named is not None:
                return Runnable(_configured(named, revision), _LOCAL_VERSION)
            return await self._of_engine(revision, image)
        except ValueError as error:
            raise WorkloadFailed(f"{error}.") from error

    async def _of_engine(self, revision: ServiceRevision, image: str) -> Runnable:
        names = (revision.version,) if revision.version else ImageIdentifier(image).local_names
        engine = Engine(self._settings.engine)
        try:
            await engine.until_it_answers(_ENGINE_PATIENCE_S)
            found = await engine.image(names)
        except (EngineGone, EngineRefused) as error:
            raise pull_failed(f"{error}.") from error
        finally:
            await engine.close()
        if found is None:
            raise pull_failed(f"the engine has no image {' or '.join(names)} (no registry is asked).")
        configuration = revision.configuration
        application = DockerApplication(
            found.name,
            tuple(shlex.split(configuration.start_command or "")),
            configuration.variables,
            configuration.port,
            self._egress(revision),
        )
        return Runnable(application, found.name)

    def _egress(self, revision: ServiceRevision) -> str:
        """A VPC connector is the engine's network that a setting names for one of its subnets, else none at all."""
        if revision.configuration.vpc_connector_arn is None:
            return DEFAULT_EGRESS
        networks = self._settings.networks
        named = next((networks[subnet] for subnet in revision.subnets if subnet in networks), None)
        if named is None:
            subnets = ", ".join(revision.subnets)
            raise WorkloadFailed(f"No network of the engine is configured for the subnets {subnets}.")
        return named


def _configured(application: Application, revision: ServiceRevision) -> Application:
    """With the service's variables, and its start command where there is one."""
    if isinstance(application, SimulatedApplication):
        return application
    configuration = revision.configuration
    command = tuple(shlex.split(configuration.start_command or "")) or application.command
    variables = {**application.environment, **configuration.variables}
    if isinstance(application, ProcessApplication):
        return replace(application, command=command, environment=variables)
    return replace(application, command=command, environment=variables, port=configuration.port)
