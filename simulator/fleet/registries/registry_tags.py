"""The digests to which the tags of services refer in their registries, for automatic deployments after a push."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from simulator.fleet.credentials.assumed_role import NoCredentialsError
from simulator.fleet.registries.access import log_in
from simulator.fleet.registries.registry_client import RegistryClient, RegistryRejected
from simulator.fleet.registries.registry_map import RegistryMap, RegistryPlace
from simulator.model.images import ImageIdentifier

# ASSUMPTION: App Runner gets EventBridge's event of a push within seconds (facts 7); these registries send no events,
# so tags are polled. Settled by timing pushes to ECR.
LOOK_S: Final = 3.0
# Credentials are requested again after this time. ECR's are valid for 12 hours, those of an assumed role for one hour.
LOGIN_KEPT: Final = timedelta(minutes=30)


class RegistryTags:
    """Implements for registries what `EngineTags` does for an engine.

    An identifier, as `watched` returns it, has two lines: the image and its access role.
    """

    def __init__(self, registries: RegistryMap, look_s: float = LOOK_S) -> None:
        self._registries = registries
        self._look_s = look_s
        self._clients: dict[tuple[str, str], tuple[float, RegistryClient]] = {}  # key: host and role
        self._loop = asyncio.get_running_loop()

    async def identity(self, identifier: str) -> str | None:
        """Return the version that a deployment of the tag would use; None if there is none now."""
        text, _, role = identifier.partition("\n")
        try:
            image = ImageIdentifier(text)
        except ValueError:
            return None
        place = self._registries.place(image)
        if place is None:
            return None
        try:
            client = await self._client(place, image, role)
            digest = await client.digest(place.repository(image), image.reference)
        except (NoCredentialsError, RegistryRejected):
            await self._forget(image.host, role)  # the credentials may have expired
            return None
        return f"{place.engine_name(image)}@{digest}"

    async def moved(self, within_s: float) -> bool:
        """Wait until the next poll and return True: a registry sends no events."""
        await asyncio.sleep(max(within_s, self._look_s))
        return True

    async def close(self) -> None:
        for host, role in list(self._clients):
            await self._forget(host, role)

    async def _client(self, place: RegistryPlace, image: ImageIdentifier, role: str) -> RegistryClient:
        key, now_s = (image.host, role), self._loop.time()
        kept = self._clients.get(key)
        if kept is not None and now_s < kept[0]:
            return kept[1]
        await self._forget(*key)
        client = RegistryClient(place, await log_in(place, image, role or None))
        self._clients[key] = (now_s + LOGIN_KEPT.total_seconds(), client)
        return client

    async def _forget(self, host: str, role: str) -> None:
        kept = self._clients.pop((host, role), None)
        if kept is not None:
            await kept[1].close()
