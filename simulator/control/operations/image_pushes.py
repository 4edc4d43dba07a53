"""Automatic deployments: a service is deployed when the tag or the branch in its configuration changes.

App Runner receives an event for a push to ECR (facts 7). Here a push means that a tag refers to a different image than
before: in the registry that stands in for ECR, or in the local engine, where one was built, tagged, pulled or loaded.
The image at the first poll of a tag does not count as a push. Digests, ECR Public and ECR of other accounts have no
automatic deployment, and a push to a paused service is not deployed later (facts 6.7).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from simulator.control.state.registry import Registry
from simulator.model.resources.api_resources import ServiceResource
from simulator.model.resources.service_state import ServiceStatus

# Interval of the first poll of a new service's tag, and of the next poll after a push during an operation.
LOOK_S: Final = 1.0

_DIGEST: Final = "@sha256:"


class ImageTags(Protocol):
    """The source of image identities. Its methods raise nothing: an unreachable engine reports no changes."""

    async def identity(self, identifier: str) -> str | None:
        """Return what an ImageIdentifier refers to now; None if there is no such image or the engine is unreachable."""

    async def moved(self, within_s: float) -> bool:
        """Return as soon as a tag may have moved, at the latest after `within_s`; True if one may have."""


class ImagePushes:
    """Deploys services after pushes. `deploy` begins the deployment of a service by its ARN, or ignores the push.

    `watched`: returns the identifier to pass to `tags`, a tag or a branch; None if no push can deploy the service.
    """

    def __init__(
        self,
        registry: Registry,
        tags: ImageTags,
        deploy: Callable[[str], str | None],
        watched: Callable[[ServiceResource], str | None] | None = None,
    ) -> None:
        self._watched = watched or watched_tag
        self._registry = registry
        self._tags = tags
        self._deploy = deploy
        self._seen: dict[tuple[str, str], str] = {}  # (service ARN, identifier) -> identity
        self._put_off: set[str] = set()  # services with a push during an operation

    async def run(self) -> None:
        """Run without end."""
        moved = True
        while True:
            await self._look(at_all=moved)
            moved = await self._tags.moved(LOOK_S)

    async def _look(self, *, at_all: bool) -> None:
        """Poll every tag, or only the new and the postponed ones."""
        watched = {
            (service.arn, tag) for service in self._registry.all(ServiceResource) if (tag := self._watched(service))
        }
        self._seen = {pair: identity for pair, identity in self._seen.items() if pair in watched}
        for arn, tag in sorted(watched):
            if at_all or (arn, tag) not in self._seen or arn in self._put_off:
                identity = await self._tags.identity(tag)
                if identity is not None:
                    self._judge(arn, tag, identity)

    def _judge(self, arn: str, tag: str, identity: str) -> None:
        service = self._registry.get(ServiceResource, arn)
        if service is None or self._watched(service) != tag:
            return  # updated or deleted during the poll
        if self._seen.setdefault((arn, tag), identity) == identity:
            self._put_off.discard(arn)
        elif service.status is ServiceStatus.OPERATION_IN_PROGRESS:
            # ASSUMPTION: a push during an operation is deployed after it; facts 6.7 covers paused services only. Two
            # pushes within a minute to a service on AWS would settle it.
            self._put_off.add(arn)
        else:
            self._seen[arn, tag] = identity
            has_it = arn in self._put_off and service.deployed is not None and service.deployed.version == identity
            self._put_off.discard(arn)
            if not has_it:  # the operation in progress has already pulled it
                self._deploy(arn)


def watched_tag(service: ServiceResource) -> str | None:
    """Return the identifier whose pushes deploy the service; None if no push can."""
    configuration = service.configuration
    image = configuration.image
    if image is None or _DIGEST in image or not configuration.deploys_automatically:
        return None
    return None if service.status is ServiceStatus.DELETED else image
