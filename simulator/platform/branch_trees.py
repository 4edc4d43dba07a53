"""Detection of pushes to the branches of source code services, for automatic deployments.

App Runner deploys a push if it changes the SourceDirectory (facts 6.7). So the tree of this directory in the branch's
newest commit is compared, and a push that changes only other directories causes no deployment.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from simulator.builds.artifact import ROOT_DIRECTORY, BuildFailed, SourceDescription
from simulator.builds.git.local_refs import Seen, reference_files, seen
from simulator.builds.git.repositories import Repositories, directory_of
from simulator.model.resources.api_resources import ServiceResource
from simulator.model.resources.service_state import ServiceStatus

# ASSUMPTION: App Runner gets the provider's webhook within seconds. There is no webhook here, so branches are polled;
# between two polls, the references of local clones are watched. Settled by timing pushes to GitHub.
LOOK_S: Final = 3.0
_WATCH_S: Final = 0.1  # a few calls of stat per branch


class BranchTrees:
    """Implements for branches what `ImageTags` does for images. Identifiers are those of `watched_branch`.

    `look_s`: seconds between two polls; a push to a local clone is detected earlier.
    """

    def __init__(self, repositories: Repositories, look_s: float = LOOK_S) -> None:
        self.looks = 0  # number of polls of all branches so far
        self._look_s = look_s
        self._repositories = repositories
        self._references: dict[Path, None] = {}  # reference files of local clones read since the last poll
        self._seen: Seen = ()

    async def identity(self, identifier: str) -> str | None:
        """Return the id of the tree; None if the repository, the branch or the directory does not exist."""
        repository, branch, directory, connection = identifier.split("\n")
        for file in reference_files(self._repositories.place(repository), branch):
            if file not in self._references:
                self._references[file] = None
                # before git reads them, so that a concurrent push is not missed
                self._seen = (*self._seen, *seen((file,)))
        try:
            within = directory_of(directory)
            source = SourceDescription(repository, branch, directory, connection=connection or None)
            clone, commit = await self._repositories.fetch(source)
            return await self._repositories.tree(clone, commit, within)
        except (BuildFailed, OSError):
            return None

    async def moved(self, within_s: float) -> bool:
        """Wait until a push to a local clone, or for the next poll, and return True: servers announce no pushes."""
        self.looks += 1
        loop, files = asyncio.get_running_loop(), tuple(self._references)
        until_s = loop.time() + max(within_s, self._look_s)
        while seen(files) == self._seen and loop.time() < until_s:  # noqa: ASYNC110 git has no event for it
            await asyncio.sleep(min(_WATCH_S, self._look_s))
        self._references, self._seen = {}, ()
        return True


def watched_branch(service: ServiceResource) -> str | None:
    """Return repository, branch, directory and connection, one per line; None if pushes do not deploy the service."""
    configuration = service.configuration
    repository = configuration.repository
    if repository is None or not configuration.deploys_automatically or service.status is ServiceStatus.DELETED:
        return None
    parts = (
        repository["RepositoryUrl"],
        repository["SourceCodeVersion"]["Value"],
        repository.get("SourceDirectory", ROOT_DIRECTORY),
        configuration.connection_arn or "",
    )
    return None if any("\n" in part for part in parts) else "\n".join(parts)
