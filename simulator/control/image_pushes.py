"""Automatic deployments: the tag or the branch that a service is configured with moved, so it is deployed.

App Runner hears of a push to ECR by an event (facts 7). Here a push is a tag of the local engine that stands for
another image than before: built, tagged, pulled or loaded. What a tag stood for when it was first looked at is nobody's
push. Digests, ECR Public and other accounts' ECR have no automatic deployment, and a push that meets a paused service
is not caught up (facts 6.7).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from simulator.control.registry import Registry
from simulator.model.api_resources import ServiceResource
from simulator.model.service_state import ServiceStatus

# How soon a new service's tag is looked at for the first time, and a push that met an operation is looked at again.
LOOK_S: Final = 1.0

_DIGEST: Final = "@sha256:"


class ImageTags(Protocol):
    """Where the images are. Nothing of it raises: an engine that is away has nothing to tell."""

    async def identity(self, identifier: str) -> str | None:
        """What an ImageIdentifier stands for now; None when there is no such image or nobody answers."""

    async def moved(self, within_s: float) -> bool:
        """Whether any tag may have moved; returns as soon as one may have, at the latest after `within_s`."""


class ImagePushes:
    """`deploy` begins the automatic deployment of a service by its ARN, or ignores the push.

    `watched`: what of a service `tags` is asked about, its tag or its branch; None when no push can deploy it.
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
        self._put_off: set[str] = set()  # services whose push met an operation

    async def run(self) -> None:
        """For ever."""
        moved = True
        while True:
            await self._look(at_all=moved)
            moved = await self._tags.moved(LOOK_S)

    async def _look(self, *, at_all: bool) -> None:
        """At every tag, or only at those that are new or were put off."""
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
            return  # updated or gone while the engine was asked
        if self._seen.setdefault((arn, tag), identity) == identity:
            self._put_off.discard(arn)
        elif service.status is ServiceStatus.OPERATION_IN_PROGRESS:
            # ASSUMPTION: a push during an operation is deployed after it; facts 6.7 tells of paused services only. Two
            # pushes within a minute to a service on AWS would settle it.
            self._put_off.add(arn)
        else:
            self._seen[arn, tag] = identity
            has_it = arn in self._put_off and service.deployed is not None and service.deployed.version == identity
            self._put_off.discard(arn)
            if not has_it:  # the operation that the push met has pulled it already
                self._deploy(arn)


def watched_tag(service: ServiceResource) -> str | None:
    """The identifier whose pushes deploy the service; None when no push can."""
    configuration = service.configuration
    image = configuration.image
    if image is None or _DIGEST in image or not configuration.deploys_automatically:
        return None
    return None if service.status is ServiceStatus.DELETED else image
