"""What the branches of services from source code hold, for automatic deployments: a push is another tree.

App Runner deploys a push when it touches the SourceDirectory (facts 6.7): what is compared is the tree of that
directory on the branch's newest commit, so that a push beside it is none.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from simulator.builds.built import ROOT_DIRECTORY, BuildFailed, SourceDescription
from simulator.builds.local_refs import Seen, reference_files, seen
from simulator.builds.repositories import Repositories, directory_of
from simulator.model.api_resources import ServiceResource
from simulator.model.service_state import ServiceStatus

# ASSUMPTION: App Runner is told by the provider's webhook, within seconds; here nobody tells, so branches are looked
# at, and the references of local clones are watched meanwhile. Settled by timing pushes to GitHub.
LOOK_S: Final = 3.0
_WATCH_S: Final = 0.1  # a few stats for each branch


class BranchTrees:
    """As `ImageTags` is for images; its identifiers are those of `watched_branch`. `look_s`: between two looks, unless
    somebody has pushed to a local clone meanwhile.
    """

    def __init__(self, repositories: Repositories, look_s: float = LOOK_S) -> None:
        self.looks = 0  # at all branches, so far
        self._look_s = look_s
        self._repositories = repositories
        self._references: dict[Path, None] = {}  # files of local clones that were looked at since the last time
        self._seen: Seen = ()

    async def identity(self, identifier: str) -> str | None:
        """The tree; None when the repository, the branch or the directory is not there."""
        repository, branch, directory, connection = identifier.split("\n")
        for file in reference_files(self._repositories.place(repository), branch):
            if file not in self._references:
                self._references[file] = None
                self._seen = (*self._seen, *seen((file,)))  # before git looks: a push meanwhile is not missed
        try:
            within = directory_of(directory)
            source = SourceDescription(repository, branch, directory, connection=connection or None)
            clone, commit = await self._repositories.fetch(source)
            return await self._repositories.tree(clone, commit, within)
        except (BuildFailed, OSError):
            return None

    async def moved(self, within_s: float) -> bool:
        """Always, at the latest after the time between two looks: nobody tells of a push to a server."""
        self.looks += 1
        loop, files = asyncio.get_running_loop(), tuple(self._references)
        until_s = loop.time() + max(within_s, self._look_s)
        while seen(files) == self._seen and loop.time() < until_s:  # noqa: ASYNC110 git has no event for it
            await asyncio.sleep(min(_WATCH_S, self._look_s))
        self._references, self._seen = {}, ()
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
