"""The credentials of a registry: those of the access role, those of a setting, or none."""

from __future__ import annotations

import pytest

from simulator.fleet.credentials.assumed_role import NoCredentialsError
from simulator.fleet.registries.access import SESSION_NAME, log_in
from simulator.fleet.registries.registry_client import Login
from simulator.fleet.registries.registry_map import RegistryPlace
from simulator.model.images import ImageIdentifier
from tests.fleet.registries.fake_aws import fake_aws

PRIVATE = ImageIdentifier("111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1")
PUBLIC = ImageIdentifier("public.ecr.aws/alias/app:1")
ROLE = "arn:aws:iam::111122223333:role/access"
DENIED = ROLE.replace("access", "denied")
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def own_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OWN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own")


async def test_the_role_is_assumed_and_ecr_asked_with_its_credentials() -> None:
    async with fake_aws() as aws:
        place = RegistryPlace("http://registry", sts=aws.url, ecr=aws.url)
        assert await log_in(place, PRIVATE, ROLE) == Login("AWS", "secret")
        assert aws.asked == [f"{ROLE} {SESSION_NAME}", "ASIAROLE"]


async def test_without_an_sts_endpoint_ecr_is_asked_with_own_credentials() -> None:
    async with fake_aws() as aws:
        assert await log_in(RegistryPlace("http://registry", ecr=aws.url), PRIVATE, ROLE) == Login("AWS", "secret")
        assert aws.asked == ["OWN"]


async def test_without_an_ecr_endpoint_the_role_is_checked_and_the_settings_user_pulls() -> None:
    async with fake_aws() as aws:
        place = RegistryPlace("http://registry", "me", "mine", sts=aws.url)
        assert await log_in(place, PRIVATE, ROLE) == Login("me", "mine")
        assert aws.asked == [f"{ROLE} {SESSION_NAME}"]


async def test_ecr_public_needs_no_role() -> None:
    assert await log_in(RegistryPlace("http://registry", sts=NOWHERE, ecr=NOWHERE), PUBLIC, None) is None
    assert await log_in(RegistryPlace("http://registry", "me", "mine"), PUBLIC, None) == Login("me", "mine")


async def test_a_role_that_may_not_be_assumed_is_denied_and_an_endpoint_that_is_away_is_not() -> None:
    async with fake_aws() as aws:
        place = RegistryPlace("http://registry", sts=aws.url, ecr=aws.url)
        with pytest.raises(NoCredentialsError, match=f"answers AccessDenied for {DENIED}") as caught:
            await log_in(place, PRIVATE, DENIED)
        assert caught.value.is_denied
        with pytest.raises(NoCredentialsError, match="the service has no access role") as caught:
            await log_in(place, PRIVATE, None)
        assert caught.value.is_denied
        aws.token = "???"
        with pytest.raises(NoCredentialsError, match="gives no authorization token") as caught:
            await log_in(place, PRIVATE, ROLE)
        assert not caught.value.is_denied
    with pytest.raises(NoCredentialsError, match="cannot be reached") as caught:
        await log_in(RegistryPlace("http://registry", sts=NOWHERE), PRIVATE, ROLE)
    assert not caught.value.is_denied
