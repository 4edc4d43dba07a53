"""What the branches of services from source code hold, for automatic deployments: a push is another tree.

App Runner deploys a push when it touches the SourceDirectory (facts 6.7): what is compared is the tree of that
directory on the branch's newest commit, so that a push beside it is none.
"""

from __future__ import annotations

import asyncio
from typing import Final

from simulator.builds.built import ROOT_DIRECTORY, BuildFailed, SourceDescription
from simulator.builds.repositories import Repositories, directory_of
from simulator.model.api_resources import ServiceResource
from simulator.model.service_state import ServiceStatus

# ASSUMPTION: App Runner is told by the provider's webhook, within seconds; a local clone has none, so it is looked at.
LOOK_S: Final = 3.0


class BranchTrees:
    """As `ImageTags` is for images; its identifiers are those of `watched_branch`. `look_s`: between two looks."""

    def __init__(self, repositories: Repositories, look_s: float = LOOK_S) -> None:
        self.looks = 0  # at all branches, so far
        self._look_s = look_s
        self._repositories = repositories

    async def identity(self, identifier: str) -> str | None:
        """The tree; None when the repository, the branch or the directory is not there."""
        repository, branch, directory, connection = identifier.split("\n")
        try:
            within = directory_of(directory)
            source = SourceDescription(repository, branch, directory, connection=connection or None)
            clone, commit = await self._repositories.fetch(source)
            return await self._repositories.tree(clone, commit, within)
        except (BuildFailed, OSError):
            return None

    async def moved(self, within_s: float) -> bool:
        """Always: nobody tells of a push to a local clone."""
        self.looks += 1
        await asyncio.sleep(max(within_s, self._look_s))
        return True


def watched_branch(service: ServiceResource) -> str | None:
    """Repository, branch, directory and connection, a line each; None when no push can deploy the service."""
    configuration = service.configuration
    repository = configuration.repository
    if repository is None or not configuration.deploys_automatically or service.status is ServiceStatus.DELETED:
        return None
    told = (
        repository["RepositoryUrl"],
        repository["SourceCodeVersion"]["Value"],
        repository.get("SourceDirectory", ROOT_DIRECTORY),
        configuration.connection_arn or "",
    )
    return None if any("\n" in part for part in told) else "\n".join(told)
