"""The access requests of calls: actions, resources and condition keys."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator.control.access_requests import AccessRequests
from simulator.control.api_context import ApiContext, ApiSettings
from simulator.control.pagination import Pages
from simulator.control.resources.auto_scaling_configurations import AutoScalingConfigurations
from simulator.control.resources.observability_configurations import ObservabilityConfigurations
from simulator.control.state.identifiers import Identifiers
from simulator.rules.iam.access_request import AccessRequest
from simulator.rules.iam.actions import ACTIONS
from simulator.rules.iam.identity import IamIdentity
from tests.control.api_stage import ALICE, IMAGE, Stage, model
from tests.virtual import run_virtual

IDENTITY = IamIdentity("arn:aws:iam::123456789012:user/alice", tags={"team": "blue"})
HERE = "arn:aws:apprunner:us-east-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/r"


def staged(test: Callable[[Stage, Callable[..., list[AccessRequest]]], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        async with Stage() as stage:
            identifiers = Identifiers(stage.registry)
            context = ApiContext(
                stage.registry, identifiers, stage.now, ApiSettings(**settings), Pages(identifiers.secret("pages"))
            )
            builder = AccessRequests(
                context,
                find_auto_scaling=AutoScalingConfigurations(context).book.find,
                find_observability=ObservabilityConfigurations(context).book.find,
            )

            def asked(operation: str, **request: Any) -> list[AccessRequest]:
                who = dataclasses.replace(ALICE, is_secure=True)
                return list(builder.of(who, IDENTITY, operation, request))

            await test(stage, asked)

    run_virtual(main)


def test_every_operation_names_its_resource_by_a_member_of_the_model() -> None:
    """A resource that the request does not name would be empty, so that only `*` would match it."""

    async def test(_: Stage, asked: Callable[..., list[AccessRequest]]) -> None:
        for operation, facts in ACTIONS.items():
            if not facts.is_operation:
                continue
            members = model().operation_model(operation).input_shape.members
            request = {name: f"{HERE}:x/{name}" if name.endswith("Arn") else name for name in members}
            request = {name: value for name, value in request.items() if members[name].type_name == "string"}
            (question,) = asked(operation, **request)
            if not facts.resource:
                assert question.resource == "*"
            elif facts.creates:
                assert question.resource.startswith(f"{HERE}:{facts.resource}/")
                assert question.resource.endswith("Name/*")
            else:
                assert question.resource.startswith(HERE), operation
            assert question.action == f"apprunner:{operation}"

    staged(test)


def test_the_global_keys_of_a_call() -> None:
    async def test(_: Stage, asked: Callable[..., list[AccessRequest]]) -> None:
        (question,) = asked("ListServices")
        assert question.context == {
            "aws:currenttime": ("2026-01-01T00:00:00Z",),
            "aws:epochtime": ("1767225600",),
            "aws:requestedregion": ("us-east-1",),
            "aws:securetransport": ("true",),
            "aws:sourceip": ("127.0.0.1",),
            "aws:useragent": ("pytest",),
            "aws:viaawsservice": ("false",),
            "aws:principaltag/team": ("blue",),
            "aws:principalaccount": ("123456789012",),
            "aws:principalisawsservice": ("false",),
            "aws:principalarn": (IDENTITY.arn,),
            "aws:principaltype": ("User",),
            "aws:username": ("alice",),
            "aws:userid": ("AKIDEXAMPLE",),
        }

    staged(test)


def test_a_stored_resource_has_its_tags_and_account() -> None:
    async def test(stage: Stage, asked: Callable[..., list[AccessRequest]]) -> None:
        arn = await stage.running(Tags=[{"Key": "Stage", "Value": "prod"}])
        (question,) = asked("PauseService", ServiceArn=arn)
        assert question.context["aws:resourcetag/stage"] == ("prod",)
        assert question.context["aws:resourceaccount"] == ("123456789012",)
        assert question.resource == arn

    staged(test)


def test_tags_of_another_accounts_resource_are_not_seen() -> None:
    async def test(stage: Stage, asked: Callable[..., list[AccessRequest]]) -> None:
        other = dataclasses.replace(ALICE, account="999999999999")
        arn = stage.call(
            "CreateService", other, ServiceName="other", SourceConfiguration=IMAGE, Tags=[{"Key": "a", "Value": "b"}]
        )["Service"]["ServiceArn"]
        (question,) = asked("PauseService", ServiceArn=arn)
        assert "aws:resourcetag/a" not in question.context
        await stage.settled()

    staged(test)


def test_a_new_service_requires_permissions_for_its_tags_and_roles() -> None:
    async def test(_: Stage, asked: Callable[..., list[AccessRequest]]) -> None:
        source = {
            "AuthenticationConfiguration": {"AccessRoleArn": ROLE, "ConnectionArn": f"{HERE}:connection/dev/1"},
        }
        questions = asked(
            "CreateService",
            ServiceName="shop",
            SourceConfiguration=source,
            InstanceConfiguration={"InstanceRoleArn": f"{ROLE}2"},
            NetworkConfiguration={"EgressConfiguration": {"VpcConnectorArn": f"{HERE}:vpcconnector/v/1/2"}},
            Tags=[{"Key": "Stage", "Value": "dev"}, {"Key": "empty"}],
        )
        arn = f"{HERE}:service/shop/*"
        assert [(each.action, each.resource) for each in questions] == [
            ("apprunner:CreateService", arn),
            ("apprunner:TagResource", arn),
            ("iam:PassRole", ROLE),
            ("iam:PassRole", f"{ROLE}2"),
        ]
        create, tag, access, _instance = (each.context for each in questions)
        assert create["apprunner:connectionarn"] == (f"{HERE}:connection/dev/1",)
        assert create["apprunner:vpcconnectorarn"] == (f"{HERE}:vpcconnector/v/1/2",)
        assert "apprunner:autoscalingconfigurationarn" not in create
        for keys in (create, tag):
            assert keys["aws:tagkeys"] == ("Stage", "empty")
            assert (keys["aws:requesttag/stage"], keys["aws:requesttag/empty"]) == (("dev",), ("",))
        assert access["iam:passedtoservice"] == ("apprunner.amazonaws.com",)
        assert access["iam:associatedresourcearn"] == (arn,)
        assert "aws:requesttag/stage" not in access

    staged(test)


def test_the_service_of_a_passed_role_is_a_setting() -> None:
    async def test(_: Stage, asked: Callable[..., list[AccessRequest]]) -> None:
        passed = asked("UpdateService", ServiceArn="x", InstanceConfiguration={"InstanceRoleArn": ROLE})[1]
        assert passed.context["iam:passedtoservice"] == ("bullet.amazonaws.com",)

    staged(test, passed_to_service="bullet.amazonaws.com")


def test_a_partial_arn_is_resolved_to_its_revision() -> None:
    async def test(stage: Stage, asked: Callable[..., list[AccessRequest]]) -> None:
        full = ""
        for value in "12":
            full = stage.call(
                "CreateAutoScalingConfiguration",
                AutoScalingConfigurationName="busy",
                Tags=[{"Key": "n", "Value": value}],
            )["AutoScalingConfiguration"]["AutoScalingConfigurationArn"]
        partial = f"{HERE}:autoscalingconfiguration/busy"
        (question,) = asked("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=partial)
        assert (question.resource, question.context["aws:resourcetag/n"]) == (full, ("2",))
        (update,) = asked("UpdateService", ServiceArn="x", AutoScalingConfigurationArn=partial)
        assert update.context["apprunner:autoscalingconfigurationarn"] == (full,)
        (unknown,) = asked("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=f"{partial}-not")
        assert unknown.resource == f"{partial}-not"

    staged(test)


def test_untagging_has_the_keys_of_tags() -> None:
    async def test(stage: Stage, asked: Callable[..., list[AccessRequest]]) -> None:
        arn = await stage.running()
        (question,) = asked("UntagResource", ResourceArn=arn, TagKeys=["a", "b"])
        assert question.context["aws:tagkeys"] == ("a", "b")

    staged(test)


def test_a_service_with_domains_is_deleted_with_the_right_to_disassociate_them() -> None:
    async def test(stage: Stage, asked: Callable[..., list[AccessRequest]]) -> None:
        arn = await stage.running()
        assert [each.action for each in asked("DeleteService", ServiceArn=arn)] == ["apprunner:DeleteService"]
        stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="example.com")
        actions = [each.action for each in asked("DeleteService", ServiceArn=arn)]
        assert actions == ["apprunner:DeleteService", "apprunner:DisassociateCustomDomain"]

    staged(test)


@pytest.mark.parametrize(
    ("operation", "request_members", "role"),
    [
        (
            "CreateService",
            {"ServiceName": "shop"},
            "apprunner.amazonaws.com/AWSServiceRoleForAppRunner",
        ),
        (
            "CreateVpcConnector",
            {"VpcConnectorName": "shop"},
            "networking.apprunner.amazonaws.com/AWSServiceRoleForAppRunnerNetworking",
        ),
    ],
)
def test_the_first_resource_of_a_new_account_creates_the_linked_role(
    operation: str, request_members: dict[str, str], role: str
) -> None:
    async def test(stage: Stage, asked: Callable[..., list[AccessRequest]]) -> None:
        _, linked = asked(operation, **request_members)
        assert linked.action == "iam:CreateServiceLinkedRole"
        assert linked.resource == f"arn:aws:iam::123456789012:role/aws-service-role/{role}"
        assert linked.context["iam:awsservicename"] == (role.partition("/")[0],)
        await stage.running()
        stage.call("CreateVpcConnector", VpcConnectorName="inside", Subnets=["subnet-1"])
        assert len(asked(operation, **request_members)) == 1

    staged(test, has_linked_roles=False)
