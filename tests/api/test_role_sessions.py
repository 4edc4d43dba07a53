"""AssumeRole by boto3: who may, what a session may, how long it lasts, and what a wrong call gets."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from simulator.api.access_keys import AccessKey, AccessKeys
from simulator.api.authentication import Authentication
from simulator.api.role_sessions import AssumableRole, RoleSessions
from simulator.assembly.control_plane import ControlPlane, ControlPlaneSettings, open_control_plane
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.rules.iam.identity import IamIdentity
from simulator.rules.iam.managed_policies import MANAGED_POLICIES
from simulator.rules.iam.policy_document import parse_policy
from tests.api.wire import SECRET, elsewhere

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/path/deploy"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci"
READS = {"Statement": {"Effect": "Allow", "Action": "apprunner:List*", "Resource": "*"}}
ASSUMES = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE}}
DENIES = {"Statement": {"Effect": "Deny", "Action": "sts:*", "Resource": "*"}}


def user(name: str, *policies: dict[str, Any]) -> AccessKey:
    parsed = tuple(parse_policy(each, "own") for each in policies) if policies else None
    identity = IamIdentity(f"arn:aws:iam::{ACCOUNT}:user/{name}", parsed)
    return AccessKey(name.upper().ljust(20, "X"), SECRET, ACCOUNT, None, identity)


ROOT, ALICE, BOB, EVE = user("root"), user("alice", ASSUMES), user("bob", READS), user("eve", ASSUMES, DENIES)
STRANGER = AccessKey("STRANGERXXXXXXXXXXXX", SECRET, "210987654321")


class Clock:
    """The wall clock, and what a test adds to it."""

    added_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.added_s  # noqa: TID251 signatures have the real time


def settings(*roles: AssumableRole, clock: Clock | None = None) -> ControlPlaneSettings:
    keys = AccessKeys([ROOT, ALICE, BOB, EVE, STRANGER])
    given = roles or (AssumableRole(ROLE, (MANAGED_POLICIES["AWSAppRunnerFullAccess"],), tags={"team": "shop"}),)
    authentication = Authentication(keys, sessions=RoleSessions(given))
    return ControlPlaneSettings(authentication=authentication, now=clock or Clock())


def client(service: str, plane: ControlPlane, key: str, secret: str = SECRET, token: str | None = None) -> Any:
    return boto3.client(
        service,
        "us-east-1",
        endpoint_url=plane.url,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}),
    )


async def assumed(plane: ControlPlane, by: AccessKey = ALICE, **more: Any) -> dict[str, Any]:
    sts = client("sts", plane, by.access_key_id)
    answer: dict[str, Any] = await elsewhere(sts.assume_role, **{"RoleArn": ROLE, "RoleSessionName": "ci"} | more)
    return answer


def with_session(service: str, plane: ControlPlane, answer: dict[str, Any]) -> Any:
    given = answer["Credentials"]
    return client(service, plane, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


async def code(call: Any, **given: Any) -> str:
    with pytest.raises(ClientError) as raised:
        await elsewhere(call, **given)
    found: str = raised.value.response["Error"]["Code"]
    return found


async def test_a_session_calls_app_runner_and_knows_who_it_is() -> None:
    async with await open_control_plane(settings(), SimulatedWorkload()) as plane:
        answer = await assumed(plane)
        assert answer["AssumedRoleUser"]["Arn"] == SESSION
        lasts_s = answer["Credentials"]["Expiration"].timestamp() - time.time()  # noqa: TID251
        assert 3500 < lasts_s <= 3600
        assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
        caller = await elsewhere(with_session("sts", plane, answer).get_caller_identity)
        assert (caller["Account"], caller["Arn"]) == (ACCOUNT, SESSION)
        services = await elsewhere(with_session("apprunner", plane, answer).list_services)
        assert services["ServiceSummaryList"] == []


async def test_session_policies_limit_a_session() -> None:
    async with await open_control_plane(settings(), SimulatedWorkload()) as plane:
        answer = await assumed(plane, Policy=json.dumps(READS))
        apprunner = with_session("apprunner", plane, answer)
        await elsewhere(apprunner.list_services)
        assert await code(apprunner.create_connection, ConnectionName="code", ProviderType="GITHUB") == (
            "AccessDeniedException"
        )
        reading = await assumed(plane, PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AWSAppRunnerReadOnlyAccess"}])
        apprunner = with_session("apprunner", plane, reading)
        assert await code(apprunner.create_connection, ConnectionName="code", ProviderType="GITHUB") == (
            "AccessDeniedException"
        )


async def test_a_session_ends_and_its_key_says_so() -> None:
    clock = Clock()
    async with await open_control_plane(settings(clock=clock), SimulatedWorkload()) as plane:
        answer = await assumed(plane, DurationSeconds=900)
        apprunner = with_session("apprunner", plane, answer)
        await elsewhere(apprunner.list_services)
        clock.added_s = 901
        assert await code(apprunner.list_services) == "ExpiredTokenException"


async def test_a_session_needs_its_token_and_secret() -> None:
    async with await open_control_plane(settings(), SimulatedWorkload()) as plane:
        given = (await assumed(plane))["Credentials"]
        bare = client("apprunner", plane, given["AccessKeyId"], given["SecretAccessKey"])
        assert await code(bare.list_services) == "UnrecognizedClientException"
        wrong = client("apprunner", plane, given["AccessKeyId"], SECRET, given["SessionToken"])
        assert await code(wrong.list_services) == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("by", "trusted", "may"),
    [
        (ROOT, (), True),  # no policies: everything is allowed
        (ALICE, (), True),  # the account is trusted, and a policy allows the call
        (BOB, (), False),  # no policy allows it
        (BOB, (f"arn:aws:iam::{ACCOUNT}:user/bob",), True),  # trusted by name
        (ALICE, (f"arn:aws:iam::{ACCOUNT}:user/bob",), False),
        (EVE, (f"arn:aws:iam::{ACCOUNT}:user/eve",), False),  # an explicit deny decides
        (STRANGER, (), False),
        (STRANGER, ("210987654321",), True),
        (STRANGER, ("arn:aws:iam::210987654321:root",), True),
        (STRANGER, ("*",), True),
    ],
)
async def test_who_may_assume_a_role(by: AccessKey, trusted: tuple[str, ...], may: bool) -> None:
    async with await open_control_plane(settings(AssumableRole(ROLE, trusted=trusted)), SimulatedWorkload()) as plane:
        if may:
            assert (await assumed(plane, by))["AssumedRoleUser"]["Arn"] == SESSION
        else:
            sts = client("sts", plane, by.access_key_id)
            assert await code(sts.assume_role, RoleArn=ROLE, RoleSessionName="ci") == "AccessDenied"


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/other"}, "AccessDenied"),
        ({"DurationSeconds": 7200}, "ValidationError"),
        ({"RoleSessionName": "with blanks"}, "ValidationError"),
        ({"Policy": "{"}, "MalformedPolicyDocument"),
        ({"Policy": json.dumps({"Statement": {"Effect": "Perhaps"}})}, "MalformedPolicyDocument"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/Nothing"}]}, "MalformedPolicyDocument"),
        ({"Policy": json.dumps(READS | {"Id": "x" * 2048})}, "PackedPolicyTooLarge"),
    ],
)
async def test_a_wrong_call_is_rejected(wrong: dict[str, Any], expected: str) -> None:
    async with await open_control_plane(settings(), SimulatedWorkload()) as plane:
        sts = client("sts", plane, ALICE.access_key_id)
        given = {"RoleArn": ROLE, "RoleSessionName": "ci"} | wrong
        assert await code(sts.assume_role, **given) == expected


async def test_a_chained_session_lasts_an_hour_at_most() -> None:
    role = AssumableRole(ROLE, session_s_max=7200)
    async with await open_control_plane(settings(role), SimulatedWorkload()) as plane:
        first = await assumed(plane, DurationSeconds=7200)
        sts = with_session("sts", plane, first)
        chained = await elsewhere(sts.assume_role, RoleArn=ROLE, RoleSessionName="again")
        assert chained["AssumedRoleUser"]["Arn"].endswith("/again")
        assert await code(sts.assume_role, RoleArn=ROLE, RoleSessionName="again", DurationSeconds=7200) == (
            "ValidationError"
        )


async def test_without_roles_no_call_succeeds() -> None:
    async with await open_control_plane(ControlPlaneSettings(), SimulatedWorkload()) as plane:
        sts = client("sts", plane, "any", "any")
        assert await code(sts.assume_role, RoleArn=ROLE, RoleSessionName="ci") == "AccessDenied"
