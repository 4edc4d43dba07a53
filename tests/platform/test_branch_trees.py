"""A push is a change of the SourceDirectory's tree in the branch, and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

from simulator.builds.git.repositories import Repositories, RepositorySettings
from simulator.model.resources.api_resources import ServiceResource
from simulator.platform.branch_trees import BranchTrees, watched_branch
from tests.builds.places import GitPlace
from tests.control.api_stage import Stage
from tests.control.resources.sources import CODE, ECR
from tests.live.waiting import PATIENCE_S
from tests.virtual import run_virtual

URL = CODE["CodeRepository"]["RepositoryUrl"]


def test_the_tree_of_the_directory_changes_with_it_alone(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "clone", {"a/app.py": "1", "b/app.py": "1"})
    trees = BranchTrees(Repositories(tmp_path / "kept", RepositorySettings({URL: str(place.folder)})))

    def tree(directory: str, branch: str = "main") -> str | None:
        return asyncio.run(trees.identity(f"{URL}\n{branch}\n{directory}\n"))

    before = tree("/a"), tree("/b"), tree("/")
    place.commit({"b/app.py": "2"})
    after = tree("/a"), tree("/b"), tree("/")
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, False]
    assert tree("/c") is None
    assert tree("/a", "nowhere") is None


def test_a_push_to_a_local_clone_is_detected_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        place = GitPlace(tmp_path / "clone", {"app.py": "1"})
        trees = BranchTrees(Repositories(tmp_path / "kept", RepositorySettings()), look_s=PATIENCE_S)
        identifier = f"{place.folder}\nmain\n/\n"
        async with asyncio.timeout(PATIENCE_S / 2):
            before = await trees.identity(identifier)
            waiting = asyncio.get_running_loop().create_task(trees.moved(1.0))
            await asyncio.sleep(0)
            assert not waiting.done()
            place.commit({"app.py": "2"})
            assert await waiting
            assert await trees.identity(identifier) != before
            place.commit({"app.py": "3"})  # between a poll and the wait
            assert await trees.moved(1.0)

    asyncio.run(main())


def test_only_code_that_deploys_automatically_is_watched() -> None:
    async def main() -> None:
        async with Stage() as stage:
            await stage.running("code", SourceConfiguration=CODE)
            await stage.running("manual", SourceConfiguration=CODE | {"AutoDeploymentsEnabled": False})
            await stage.running("image", SourceConfiguration=ECR)
            services = stage.registry.all(ServiceResource)
            assert [watched_branch(service) for service in services] == [f"{URL}\nmain\n/\n", None, None]

    run_virtual(main)
