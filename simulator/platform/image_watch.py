"""Automatic deployments of image services: watches tags in the configured registries and in the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.control.operations.image_pushes import ImagePushes, watched_tag
from simulator.control.state.registry import Registry
from simulator.fleet.docker.image_tags import EngineTags
from simulator.fleet.registries.registry_map import RegistryMap
from simulator.model.images import ImageIdentifier
from simulator.model.resources.api_resources import ServiceResource
from simulator.world.tasks import Tasks

if TYPE_CHECKING:
    from simulator.fleet.registries.registry_tags import RegistryTags

Watched = Callable[[ServiceResource], str | None]


class ImageWatch:
    """Starts a deployment when the tag in a service's configuration has moved. Close it after `tasks`."""

    def __init__(
        self,
        registry: Registry,
        deploy: Callable[[str], str | None],
        tasks: Tasks,
        engine: str,
        registries: RegistryMap,
    ) -> None:
        self._engine = EngineTags(engine, tasks)
        in_engine, in_registry = watched_by(registries)
        tasks.spawn(ImagePushes(registry, self._engine, deploy, in_engine).run(), "image pushes")
        self._registries: RegistryTags | None = None
        if registries:
            from simulator.fleet.registries.registry_tags import RegistryTags  # noqa: PLC0415 only who has a registry

            self._registries = RegistryTags(registries)
            pushes = ImagePushes(registry, self._registries, deploy, in_registry)
            tasks.spawn(pushes.run(), "pushes to registries")

    async def close(self) -> None:
        await self._engine.close()
        if self._registries is not None:
            await self._registries.close()


def watched_by(registries: RegistryMap) -> tuple[Watched, Watched]:
    """Return the functions that list the identifiers to watch in the engine, and in registries.

    For registries, an identifier has two lines: the image and the access role.
    """

    def is_mapped(tag: str) -> bool:
        try:
            return registries.place(ImageIdentifier(tag)) is not None
        except ValueError:
            return False

    def in_engine(service: ServiceResource) -> str | None:
        tag = watched_tag(service)
        return None if tag is None or is_mapped(tag) else tag

    def in_registry(service: ServiceResource) -> str | None:
        tag = watched_tag(service)
        return f"{tag}\n{service.configuration.access_role_arn or ''}" if tag is not None and is_mapped(tag) else None

    return in_engine, in_registry
