"""The identities of tags in a registry, as automatic deployments use them."""

from __future__ import annotations

import asyncio

import pytest

from simulator.fleet.registries.registry_map import RegistryMap, RegistryPlace
from simulator.fleet.registries.registry_tags import LOGIN_KEPT, LOOK_S, RegistryTags
from tests.fleet.registries.fake_aws import fake_aws
from tests.fleet.registries.fake_registry import fake_registry
from tests.virtual import run_virtual

IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:1"
ROLE = "arn:aws:iam::111122223333:role/access"


async def test_the_identity_of_a_tag_is_the_version_that_its_deployment_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OWN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own")
    async with fake_registry("Basic") as registry, fake_aws() as aws:
        tags = RegistryTags(RegistryMap({"all": RegistryPlace(registry.url, sts=aws.url, ecr=aws.url)}))
        asked, place = f"{IMAGE}\n{ROLE}", registry.url.removeprefix("http://")
        try:
            assert await tags.identity(asked) is None
            first = registry.push("team/app:1", 7)
            assert await tags.identity(asked) == f"{place}/team/app@{first}"
            second = registry.push("team/app:1", 8)
            assert await tags.identity(asked) == f"{place}/team/app@{second}"
            roles = [each for each in aws.asked if each.startswith("arn:")]
            assert len(roles) == 2, "the credentials are kept, unless an answer was no image"
            assert await tags.identity(f"{IMAGE}\n{ROLE.replace('access', 'denied')}") is None
            registry.status = 500
            assert await tags.identity(asked) is None
        finally:
            await tags.close()


async def test_a_name_that_no_registry_has_is_not_looked_up() -> None:
    tags = RegistryTags(RegistryMap({"public.ecr.aws": RegistryPlace("http://127.0.0.1:9")}))
    assert await tags.identity(f"{IMAGE}\n{ROLE}") is None
    assert await tags.identity("No Image\n") is None


def test_tags_are_polled_at_intervals() -> None:
    async def main() -> None:
        tags, loop = RegistryTags(RegistryMap({})), asyncio.get_running_loop()
        assert await tags.moved(1.0)
        assert loop.time() == LOOK_S
        assert await tags.moved(10.0)
        assert loop.time() == LOOK_S + 10.0

    run_virtual(main)
    assert LOGIN_KEPT.total_seconds() < 3600, "an assumed role's credentials are valid for an hour"
