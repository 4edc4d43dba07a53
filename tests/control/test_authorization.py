"""Calls of callers with policies: AccessDeniedException before anything happens, and the record in the audit log."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from simulator.control.api_context import ApiSettings
from simulator.control.principal import Principal
from simulator.control.state.log_entries import EntryKind
from simulator.model.resources.api_error import ApiError
from simulator.rules.iam.identity import IamIdentity
from simulator.rules.iam.managed_policies import MANAGED_POLICIES
from simulator.rules.iam.policy import IamPolicy
from simulator.rules.iam.policy_document import parse_policy
from tests.control.api_stage import ALICE, IMAGE, Stage
from tests.rules.waf.acls import ARN, acl
from tests.virtual import run_virtual

USER = "arn:aws:iam::123456789012:user/alice"


def policy(*statements: dict[str, Any]) -> IamPolicy:
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)}, "policy")


def caller(*policies: IamPolicy, session: tuple[IamPolicy, ...] = ()) -> Principal:
    return dataclasses.replace(ALICE, identity=IamIdentity(USER, policies or None, session_policies=session))


def denied(stage: Stage, who: Principal, operation: str, /, **request: Any) -> str:
    with pytest.raises(ApiError) as caught:
        stage.api.handle(who, operation, request)
    assert (caught.value.code, caught.value.status, caught.value.hint) == ("AccessDeniedException", 403, "")
    return caught.value.message


def test_a_reader_reads_and_changes_nothing() -> None:
    async def main() -> None:
        async with Stage() as stage:
            reader = caller(MANAGED_POLICIES["AWSAppRunnerReadOnlyAccess"])
            arn = await stage.running()
            assert stage.call("DescribeService", reader, ServiceArn=arn)["Service"]["Status"] == "RUNNING"
            assert len(stage.call("ListServices", reader)["ServiceSummaryList"]) == 1
            assert denied(stage, reader, "PauseService", ServiceArn=arn) == (
                f"User: {USER} is not authorized to perform: apprunner:PauseService on resource: {arn} "
                "because no identity-based policy allows the apprunner:PauseService action"
            )
            assert stage.status(arn) == "RUNNING"
            message = denied(stage, reader, "CreateService", ServiceName="more", SourceConfiguration=IMAGE)
            assert "on resource: arn:aws:apprunner:us-east-1:123456789012:service/more/* because" in message
            assert len(stage.call("ListServices")["ServiceSummaryList"]) == 1

    run_virtual(main)


def test_conditions_on_tags_act_on_the_stored_tags() -> None:
    async def main() -> None:
        async with Stage() as stage:
            allowed = {"StringEquals": {"aws:ResourceTag/Owner": "${aws:username}"}}
            owner = caller(
                policy(
                    {"Effect": "Allow", "Action": "apprunner:PauseService", "Resource": "*", "Condition": allowed},
                    {"Effect": "Allow", "Action": "apprunner:ListServices", "Resource": "*"},
                )
            )
            arn = await stage.running(Tags=[{"Key": "Owner", "Value": "bob"}])
            denied(stage, owner, "PauseService", ServiceArn=arn)
            stage.call("TagResource", ResourceArn=arn, Tags=[{"Key": "Owner", "Value": "alice"}])
            stage.call("PauseService", owner, ServiceArn=arn)
            await stage.settled()
            assert stage.status(arn) == "PAUSED"
            await stage.running("other", Tags=[{"Key": "Owner", "Value": "bob"}])
            listed = stage.call("ListServices", owner)["ServiceSummaryList"]
            assert len(listed) == 2  # a list contains all services or is denied: conditions do not filter it

    run_virtual(main)


def test_a_list_takes_no_condition_on_tags() -> None:
    async def main() -> None:
        async with Stage() as stage:
            await stage.running(Tags=[{"Key": "a", "Value": "b"}])
            condition = {"StringEquals": {"aws:ResourceTag/a": "b"}}
            who = caller(policy({"Effect": "Allow", "Action": "apprunner:*", "Resource": "*", "Condition": condition}))
            assert "apprunner:ListServices on resource: * because no" in denied(stage, who, "ListServices")

    run_virtual(main)


def test_a_role_must_be_passed_and_an_explicit_deny_decides() -> None:
    async def main() -> None:
        async with Stage() as stage:
            role = "arn:aws:iam::123456789012:role/app"
            members = {
                "ServiceName": "shop",
                "SourceConfiguration": IMAGE,
                "InstanceConfiguration": {"InstanceRoleArn": role},
            }
            only = policy({"Effect": "Allow", "Action": "apprunner:*", "Resource": "*"})
            assert denied(stage, caller(only), "CreateService", **members) == (
                f"User: {USER} is not authorized to perform: iam:PassRole on resource: {role} "
                "because no identity-based policy allows the iam:PassRole action"
            )
            full = MANAGED_POLICIES["AWSAppRunnerFullAccess"]
            never = policy({"Effect": "Deny", "Action": "iam:PassRole", "Resource": role})
            assert denied(stage, caller(full, never), "CreateService", **members) == (
                f"User: {USER} is not authorized to perform: iam:PassRole on resource: {role} "
                "with an explicit deny in an identity-based policy"
            )
            stage.call("CreateService", caller(full), **members)
            await stage.settled()

    run_virtual(main)


def test_a_session_policy_restricts_a_key_without_identity_policies() -> None:
    async def main() -> None:
        async with Stage() as stage:
            who = caller(session=(MANAGED_POLICIES["AWSAppRunnerReadOnlyAccess"],))
            stage.call("ListServices", who)
            message = denied(stage, who, "CreateConnection", ConnectionName="hub1", ProviderType="GITHUB")
            assert message.endswith("because no session policy allows the apprunner:CreateConnection action")

    run_virtual(main)


def test_the_audit_log_has_the_denied_call_and_its_user() -> None:
    async def main() -> None:
        async with Stage() as stage:
            denied(stage, caller(policy({"Effect": "Deny", "Action": "*", "Resource": "*"})), "ListServices")
            session = "arn:aws:sts::123456789012:assumed-role/deploy/ci"
            stage.call("ListServices", dataclasses.replace(ALICE, identity=IamIdentity(session)))
            stage.api.flush()
            first, second = (json.loads(entry.text) for entry in stage.store.entries_after(0, kind=EntryKind.AUDIT))
            assert (first["errorCode"], first["userIdentity"]["userName"]) == ("AccessDeniedException", "alice")
            assert first["errorMessage"].startswith(f"User: {USER} is not authorized")
            assert (second["userIdentity"]["type"], second["userIdentity"]["arn"]) == ("AssumedRole", session)
            assert "userName" not in second["userIdentity"]

    run_virtual(main)


def test_calls_of_aws_waf_need_the_permissions_of_app_runner() -> None:
    async def main() -> None:
        async with Stage(settings=ApiSettings(web_acls={ARN: acl()})) as stage:
            arn = await stage.running()
            reader = caller(MANAGED_POLICIES["AWSAppRunnerReadOnlyAccess"])
            message = denied(stage, reader, "AssociateWebACL", WebACLArn=ARN, ResourceArn=arn)
            assert f"to perform: apprunner:AssociateWebAcl on resource: {arn} because" in message
            assert stage.api.handle(reader, "GetWebACLForResource", {"ResourceArn": arn}) == {}
            allowed = {"Effect": "Allow", "Action": "apprunner:*WebAcl", "Resource": [arn, ARN]}
            owner = caller(policy(allowed))
            stage.api.handle(owner, "AssociateWebACL", {"WebACLArn": ARN, "ResourceArn": arn})
            listed = {"WebACLArn": ARN, "ResourceType": "APP_RUNNER_SERVICE"}
            assert stage.api.handle(owner, "ListResourcesForWebACL", listed) == {"ResourceArns": [arn]}
            stage.api.handle(owner, "DisassociateWebACL", {"ResourceArn": arn})

    run_virtual(main)
