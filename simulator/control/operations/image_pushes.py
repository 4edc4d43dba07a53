"""Automatic deployments: a service is deployed when the tag or the branch in its configuration changes.

App Runner receives an event for a push to ECR (facts 7). Here a push means that a tag refers to a different image than
before, in the registry used in place of ECR or in the local engine, where an image was built, tagged, pulled or loaded.
The image found by the first poll of a tag is not a push. Digests, ECR Public and ECR of other accounts have no
automatic deployment, and a push to a paused service is not deployed later (facts 6.7).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from simulator.control.state.registry import Registry
from simulator.model.resources.api_resources import ServiceResource
from simulator.model.resources.service_state import ServiceStatus

# Seconds until the first poll of a new service's tag, and until the next poll after a push during an operation.
LOOK_S: Final = 1.0

_DIGEST: Final = "@sha256:"


class ImageTags(Protocol):
    """A source of image identities. Its methods raise no exceptions: an unreachable engine reports no changes."""

    async def identity(self, identifier: str) -> str | None:
        """Return the image to which an ImageIdentifier refers now; None if there is none, or no engine."""

    async def moved(self, within_s: float) -> bool:
        """Return as soon as a tag may have moved, at the latest after `within_s` seconds.

        Return True if one may have moved.
        """


class ImagePushes:
    """Deploys services after pushes. `deploy` begins the deployment of a service, given its ARN, or ignores the push.

    `watched`: returns the identifier (tag or branch) that is passed to `tags`; None if pushes do not deploy the
    service.
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
        self._seen: dict[tuple[str, str], str] = {}  # key: (service ARN, identifier)
        self._put_off: set[str] = set()  # services with a push during an operation

    async def run(self) -> None:
        """Watch tags until cancelled."""
        moved = True
        while True:
            await self._look(at_all=moved)
            moved = await self._tags.moved(LOOK_S)

    async def _look(self, *, at_all: bool) -> None:
        """Poll every tag if `at_all`; otherwise the new and the postponed ones."""
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
            if not has_it:  # the operation in progress has pulled it already
                self._deploy(arn)


def watched_tag(service: ServiceResource) -> str | None:
    """Return the identifier whose pushes deploy the service; None if pushes do not."""
    configuration = service.configuration
    image = configuration.image
    if image is None or _DIGEST in image or not configuration.deploys_automatically:
        return None
    return None if service.status is ServiceStatus.DELETED else image
