"""Interpretation of a registry's responses: tags, digests, lists of manifests, authentication, and errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from simulator.fleet.registries.registry_client import Login, RegistryClient, RegistryFailure, RegistryRejected
from simulator.fleet.registries.registry_map import RegistryPlace
from tests.fleet.registries.fake_registry import MANIFEST, FakeRegistry, fake_registry

LOGIN = Login("AWS", "secret")


@asynccontextmanager
async def client(registry: FakeRegistry, login: Login | None = LOGIN) -> AsyncIterator[RegistryClient]:
    given = RegistryClient(RegistryPlace(registry.url), login)
    try:
        yield given
    finally:
        await given.close()


async def rejection(registry: FakeRegistry, reference: str = "1", login: Login | None = LOGIN) -> RegistryRejected:
    async with client(registry, login) as asked:
        with pytest.raises(RegistryRejected) as caught:
            await asked.resolve("team/app", reference)
    assert "secret" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("scheme", ["", "Basic", "Bearer"])
async def test_a_tag_is_resolved_with_the_authentication_that_the_registry_demands(scheme: str) -> None:
    async with fake_registry(scheme) as registry, client(registry) as asked:
        digest = registry.push("team/app:1", 100, 20)
        found = await asked.resolve("team/app", "1")
        assert (found.digest, found.size_bytes, found.platform, found.is_list) == (digest, 120, "linux/amd64", False)
        assert await asked.digest("team/app", "1") == digest
        assert await asked.resolve("team/app", digest) == found


async def test_a_layer_that_an_image_has_twice_is_counted_once() -> None:
    async with fake_registry() as registry, client(registry) as asked:
        twice = {"digest": "sha256:" + "0" * 64, "size": 70}
        registry.blobs["sha256:c"] = b"{}"
        registry.keep("app:1", MANIFEST, {"config": {"digest": "sha256:c"}, "layers": [twice, twice]})
        assert (await asked.resolve("app", "1")).size_bytes == 70


async def test_from_a_list_the_image_of_app_runners_architecture_is_chosen() -> None:
    async with fake_registry() as registry, client(registry) as asked:
        digest = registry.push_list("app:1", linux_arm64=7, linux_amd64=9, windows_amd64=11)
        found = await asked.resolve("app", "1")
        assert (found.digest, found.size_bytes, found.platform, found.is_list) == (digest, 9, "linux/amd64", True)


async def test_without_a_digest_in_the_header_it_is_computed_from_the_manifest() -> None:
    async with fake_registry() as registry, client(registry) as asked:
        digest = registry.push("app:1", 1)
        registry.has_digests = False
        assert await asked.digest("app", "1") == digest


async def test_a_list_without_the_architecture_names_those_that_are_there() -> None:
    async with fake_registry() as registry:
        registry.push_list("team/app:1", linux_arm64=7, unknown_unknown=1)
        error = await rejection(registry)
        assert error.failure is RegistryFailure.PLATFORM
        assert "is for linux/arm64, and App Runner runs linux/amd64" in str(error)


async def test_a_missing_tag_a_denied_pull_and_a_server_that_is_no_registry_are_three_failures() -> None:
    async with fake_registry() as registry:
        error = await rejection(registry)
        assert error.failure is RegistryFailure.MISSING
        assert str(error).endswith("/v2/team/app/manifests/1 answers 404 MANIFEST_UNKNOWN")
        registry.status = 403
        assert (await rejection(registry)).failure is RegistryFailure.DENIED
        registry.status = 500
        assert (await rejection(registry)).failure is RegistryFailure.UNREACHABLE
        registry.status, registry.scheme = 200, "Basic"
        assert (await rejection(registry, login=None)).failure is RegistryFailure.DENIED
        registry.scheme = "Bearer"
        assert (await rejection(registry, login=Login("AWS", "wrong"))).failure is RegistryFailure.DENIED
        registry.url = "http://127.0.0.1:9"
        assert "cannot be reached" in str(await rejection(registry))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1], "is not a JSON object"),
        ({"schemaVersion": 1, "fsLayers": []}, "is not of version 2"),
        ({"manifests": [1]}, "the list of manifests of team/app:1 is malformed"),
        ({"layers": [{"digest": "x", "size": "many"}], "config": {"digest": "x"}}, "is not of version 2"),
    ],
)
async def test_a_malformed_manifest_is_named(given: object, message: str) -> None:
    async with fake_registry() as registry:
        registry.keep("team/app:1", MANIFEST, given)
        error = await rejection(registry)
        assert error.failure is RegistryFailure.UNREACHABLE
        assert message in str(error)


async def test_a_manifest_with_another_digest_than_requested_is_rejected() -> None:
    async with fake_registry() as registry:
        digest = "sha256:" + "1" * 64
        registry.push(f"team/app:{digest}", 5)
        assert "has another digest" in str(await rejection(registry, digest))


def test_a_token_of_ecr_is_user_and_password() -> None:
    assert Login.of_token("QVdTOnNlY3JldA==") == LOGIN
    assert "secret" not in repr(LOGIN)
    for token in ("!", "QVdT", "//79"):
        with pytest.raises(ValueError, match="not user:password in base64"):
            Login.of_token(token)
