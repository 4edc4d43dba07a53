"""CloudFormation's operations: reads, rejections with AWS's sentences, exports, parameters, permissions."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from simulator.control.api_context import ApiSettings
from simulator.control.operations.time_profile import APP_RUNNER
from simulator.control.state.log_entries import EntryKind
from simulator.model.resources.api_error import ApiError
from simulator.rules.iam.identity import IamIdentity
from simulator.rules.iam.policy_document import parse_policy
from tests.control.api_stage import ALICE, IMAGE, principal
from tests.control.stacks.stack_stage import CONNECTOR, SCALING, SERVICE, StackStage, service, template
from tests.virtual import run_virtual

ROLE: dict[str, Any] = {"Type": "AWS::IAM::Role", "Properties": {"Path": "/app/"}}
BUCKET: dict[str, Any] = {"Type": "AWS::S3::Bucket"}


def test_reads_of_a_stack() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            parameters = {"Level": {"Type": "String", "Default": "info"}, "Key": {"Type": "String", "NoEcho": True}}
            text = template(None, parameters, Service=SERVICE, Scaling=SCALING)
            given = [{"ParameterKey": "Key", "ParameterValue": "s3cret"}]
            assert await stacks.created(text, Parameters=given) == "CREATE_COMPLETE"
            shown = {each["ParameterKey"]: each["ParameterValue"] for each in stacks.describe()["Parameters"]}
            assert shown == {"Level": "info", "Key": "****"}
            assert stacks.call("GetTemplate", StackName="one")["TemplateBody"] == text
            summary = stacks.call("GetTemplateSummary", StackName="one")
            assert [each["ParameterKey"] for each in summary["Parameters"]] == ["Level", "Key"]
            assert summary["ResourceTypes"] == ["AWS::AppRunner::AutoScalingConfiguration", "AWS::AppRunner::Service"]
            assert stacks.call("GetTemplateSummary", TemplateBody=text) == summary
            assert len(stacks.call("ValidateTemplate", TemplateBody=text)["Parameters"]) == 2
            resources = stacks.call("DescribeStackResources", StackName="one")["StackResources"]
            assert {each["ResourceStatus"] for each in resources} == {"CREATE_COMPLETE"}
            physical_id = stacks.physical()["Service"]
            assert stacks.call("DescribeStackResources", PhysicalResourceId=physical_id)["StackResources"] == resources
            unknown = stacks.rejected("DescribeStackResources", PhysicalResourceId="none")
            assert unknown.message == "Stack for none does not exist"
            both = stacks.rejected("DescribeStackResources", PhysicalResourceId=physical_id, StackName="one")
            assert both.code == "ValidationError"
            detail = stacks.call("DescribeStackResource", StackName="one", LogicalResourceId="Service")
            assert detail["StackResourceDetail"]["PhysicalResourceId"] == stacks.physical()["Service"]
            listed = stacks.call("ListStacks", StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]
            assert [each["StackName"] for each in listed] == ["one"]
            assert stacks.call("ListStacks", StackStatusFilter=["UPDATE_FAILED"])["StackSummaries"] == []
            assert stacks.call("DescribeStacks", principal("999999999999"))["Stacks"] == []
            other = stacks.rejected("DescribeStacks", principal(region="eu-west-1"), StackName="one")
            assert other.message == "Stack with id one does not exist"

    run_virtual(main)


def test_calls_and_rejections_are_in_the_audit_log_without_templates_and_values() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            text = template(None, {"Key": {"Type": "String"}}, Scaling=SCALING)
            given = [{"ParameterKey": "Key", "ParameterValue": "s3cret"}]
            await stacks.created(text, Parameters=given)
            stacks.rejected("CreateStack", StackName="one", TemplateBody=text)
            stack_id = stacks.describe()["StackId"]
            stacks.stage.api.flush()
            entries = stacks.stage.store.entries_after(0, kind=EntryKind.AUDIT)
            records = [json.loads(each.text) for each in entries]
            assert "s3cret" not in str(records)
            of_stacks = [each for each in records if each["eventSource"] == "cloudformation.amazonaws.com"]
            created, rejected = (each for each in of_stacks if each["eventName"] == "CreateStack")
            assert created["requestParameters"] == {"stackName": "one", "parameters": [{"parameterKey": "Key"}]}
            assert created["responseElements"] == {"stackId": stack_id}
            assert (created["readOnly"], "errorCode" in created) == (False, False)
            assert (rejected["errorCode"], rejected["errorMessage"]) == (
                "AlreadyExistsException",
                "Stack [one] already exists",
            )
            assert {each["readOnly"] for each in of_stacks if each["eventName"] == "DescribeStacks"} == {True}
            # What the stack does is recorded as a call of App Runner's API that CloudFormation made.
            (made,) = (each for each in records if each["eventName"] == "CreateAutoScalingConfiguration")
            assert made["eventSource"] == "apprunner.amazonaws.com"
            assert made["userAgent"] == "cloudformation.amazonaws.com"

    run_virtual(main)


def test_an_update_keeps_template_and_values_and_takes_new_ones() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            parameters = {"Most": {"Type": "Number", "Default": 3}, "Busy": {"Type": "Number", "Default": 50}}
            scaling = {
                "Type": SCALING["Type"],
                "Properties": {"MaxSize": {"Ref": "Most"}, "MaxConcurrency": {"Ref": "Busy"}},
            }
            text = template(None, parameters, Scaling=scaling)
            await stacks.created(text, Parameters=[{"ParameterKey": "Busy", "ParameterValue": "7"}])
            kept = {"ParameterKey": "Busy", "UsePreviousValue": True}
            more = {"ParameterKey": "Most", "ParameterValue": "5"}
            stacks.call("UpdateStack", StackName="one", UsePreviousTemplate=True, Parameters=[kept, more])
            assert await stacks.settled() == "UPDATE_COMPLETE"
            arn = stacks.physical()["Scaling"]
            found = stacks.stage.call("DescribeAutoScalingConfiguration", AutoScalingConfigurationArn=arn)
            view = found["AutoScalingConfiguration"]
            assert (view["MaxSize"], view["MaxConcurrency"]) == (5, 7)

    run_virtual(main)


def test_roles_are_names_and_other_types_must_be_accepted() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            error = stacks.rejected("CreateStack", StackName="one", TemplateBody=template(Bucket=BUCKET))
            assert error.message == "Template format error: Unrecognized resource types: [AWS::S3::Bucket]"
            assert "cloudformation: {accept: [TYPE]}" in error.hint
            with_role = service(InstanceConfiguration={"InstanceRoleArn": {"Fn::GetAtt": ["Role", "Arn"]}})
            text = template(Service=with_role, Role=ROLE)
            error = stacks.rejected("CreateStack", StackName="one", TemplateBody=text)
            assert (error.code, error.message) == (
                "InsufficientCapabilitiesException",
                "Requires capabilities : [CAPABILITY_IAM]",
            )
            assert await stacks.created(text, Capabilities=["CAPABILITY_IAM"]) == "CREATE_COMPLETE"
            name = stacks.physical()["Role"]
            assert name.startswith("one-Role-")
            role = stacks.stage.service(stacks.physical()["Service"])["InstanceConfiguration"]["InstanceRoleArn"]
            assert role == f"arn:aws:iam::123456789012:role/app/{name}"
        async with StackStage(settings=ApiSettings(accepted_types=frozenset({"AWS::S3::Bucket"}))) as stacks:
            assert await stacks.created(template(Bucket=BUCKET)) == "CREATE_COMPLETE"

    run_virtual(main)


def test_exports_cannot_be_removed_while_they_are_imported() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            outputs = {
                "Network": {"Value": {"Ref": "Network"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-net"}}}
            }
            await stacks.created(template(outputs, Network=CONNECTOR), "base")
            arn = stacks.physical("base")["Network"]
            (listed,) = stacks.call("ListExports")["Exports"]
            assert (listed["Name"], listed["Value"]) == ("base-net", arn)
            egress = {"EgressType": "VPC", "VpcConnectorArn": {"Fn::ImportValue": "base-net"}}
            user = service(NetworkConfiguration={"EgressConfiguration": egress})
            await stacks.created(template(Service=user))
            shown = stacks.stage.service(stacks.physical()["Service"])["NetworkConfiguration"]
            assert shown["EgressConfiguration"]["VpcConnectorArn"] == arn
            assert stacks.call("ListImports", ExportName="base-net")["Imports"] == ["one"]
            error = stacks.rejected("DeleteStack", StackName="base")
            assert error.message == "Delete canceled. Cannot delete export base-net as it is in use by one."
            assert await stacks.updated(template(Network=CONNECTOR), "base") == "UPDATE_ROLLBACK_COMPLETE"
            assert "Export base-net cannot be deleted as it is in use by one" in stacks.reasons("base")
            other = {"Other": {"Value": "x", "Export": {"Name": "base-net"}}}
            assert await stacks.created(template(other, Scaling=SCALING), "third") == "ROLLBACK_COMPLETE"
            assert await stacks.deleted() == "DELETE_COMPLETE"
            assert await stacks.deleted("base") == "DELETE_COMPLETE"
            assert "not imported by any stack" in stacks.rejected("ListImports", ExportName="base-net").message

    run_virtual(main)


def test_a_missing_attribute_or_import_fails_the_resource() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            wrong = service(AutoScalingConfigurationArn={"Fn::GetAtt": ["Scaling", "Arn"]})
            assert await stacks.created(template(Service=wrong, Scaling=SCALING)) == "ROLLBACK_COMPLETE"
            assert any("does not support attribute type Arn" in each for each in stacks.reasons())

    run_virtual(main)


def test_rejections_with_the_sentences_of_aws() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            text = template(Service=SERVICE)
            await stacks.created(text, EnableTerminationProtection=True)
            error = stacks.rejected("CreateStack", StackName="one", TemplateBody=text)
            assert (error.code, error.message) == ("AlreadyExistsException", "Stack [one] already exists")
            error = stacks.rejected("DeleteStack", StackName="one")
            assert error.message == "Stack [one] cannot be deleted while TerminationProtection is enabled"
            stacks.call("UpdateTerminationProtection", StackName="one", EnableTerminationProtection=False)
            error = stacks.rejected("DeleteStack", StackName="one", RetainResources=["Service"])
            assert "Retain resources can only be specified" in error.message
            error = stacks.rejected("UpdateStack", StackName="two", TemplateBody=text)
            assert error.message == "Stack [two] does not exist"
            error = stacks.rejected("CreateStack", StackName="two", Parameters=[])
            assert error.message == "Either Template URL or Template Body must be specified."
            error = stacks.rejected(
                "CreateStack", StackName="two", TemplateBody=text, DisableRollback=True, OnFailure="DELETE"
            )
            assert "not both" in error.message
            error = stacks.rejected("CreateStack", StackName="two")
            assert error.message == "Either Template URL or Template Body must be specified."
            error = stacks.rejected("CreateStack", StackName="two", TemplateBody=f"{text} {'#' * 51_200}")
            assert "less than or equal to 51200" in error.message
            for name in ("1one", "a_b", "x" * 129):
                error = stacks.rejected("CreateStack", StackName=name, TemplateBody=text)
                assert "at 'stackName' failed to satisfy constraint" in error.message
            error = stacks.rejected("RollbackStack", StackName="one")
            assert error.message.endswith("is in CREATE_COMPLETE state and can not be rolled back.")
            assert stacks.rejected("DetectStackDrift", StackName="one").code == "InvalidAction"
            assert stacks.call("DeleteStack", StackName="two") == {}

    run_virtual(main)


@pytest.mark.parametrize("after_s", [0.0, 5.0, 150.0])
def test_an_update_is_cancelled(after_s: float) -> None:
    async def main() -> None:
        async with StackStage(profile=APP_RUNNER) as stacks:
            await stacks.created(template(Service=service(InstanceConfiguration={"Cpu": "1024", "Memory": "2048"})))
            text = template(Service=service(InstanceConfiguration={"Cpu": "256", "Memory": "512"}))
            stacks.call("UpdateStack", StackName="one", TemplateBody=text)
            await stacks.stage.passes(after_s)
            stacks.call("CancelUpdateStack", StackName="one")
            assert await stacks.settled() == "UPDATE_ROLLBACK_COMPLETE"
            shown = stacks.stage.service(stacks.physical()["Service"])
            assert (shown["Status"], shown["InstanceConfiguration"]["Cpu"]) == ("RUNNING", "1024")
            assert "CancelUpdateStack cannot be called" in stacks.rejected("CancelUpdateStack", StackName="one").message

    run_virtual(main)


def test_what_a_failed_update_has_replaced_is_deleted_with_the_stack() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            await stacks.created(template(Service=SERVICE))
            bad = {"Type": SCALING["Type"], "Properties": {"MinSize": 9, "MaxSize": 2}, "DependsOn": "Service"}
            text = template(Service=service(ServiceName="shop-2"), Bad=bad)
            assert await stacks.updated(text, DisableRollback=True) == "UPDATE_FAILED"
            assert stacks.services() == ["shop-2", "shop"]
            assert await stacks.deleted() == "DELETE_COMPLETE"
            assert stacks.services() == []

    run_virtual(main)


def test_values_of_hidden_parameters_are_shown_nowhere() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            variables = [{"Name": "KEY", "Value": {"Ref": "Key"}}]
            repository = IMAGE["ImageRepository"] | {"ImageConfiguration": {"RuntimeEnvironmentVariables": variables}}
            parameters = {"Key": {"Type": "String", "NoEcho": True, "Default": "s3cret-default"}}
            text = template(None, parameters, Service=service(SourceConfiguration={"ImageRepository": repository}))
            given = [{"ParameterKey": "Key", "ParameterValue": "s3cret-given"}]
            assert await stacks.created(text, Parameters=given) == "CREATE_COMPLETE"
            source = stacks.stage.service(stacks.physical()["Service"])["SourceConfiguration"]["ImageRepository"]
            assert source["ImageConfiguration"]["RuntimeEnvironmentVariables"] == {"KEY": "s3cret-given"}
            for operation in ("DescribeStacks", "DescribeStackEvents", "GetTemplateSummary", "DescribeStackResources"):
                assert "s3cret" not in str(stacks.call(operation, StackName="one")), operation

    run_virtual(main)


def test_a_stack_is_deleted_while_it_is_created() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            stacks.call("CreateStack", StackName="one", TemplateBody=template(Service=SERVICE, Scaling=SCALING))
            assert await stacks.deleted() == "DELETE_COMPLETE"
            assert stacks.services() == []

    run_virtual(main)


def test_a_deleted_stack_is_forgotten_after_some_time() -> None:
    async def main() -> None:
        async with StackStage(settings=ApiSettings(retention_s=60.0)) as stacks:
            await stacks.created(template(Scaling=SCALING))
            stack_id = stacks.describe()["StackId"]
            await stacks.deleted()
            assert stacks.status(stack_id) == "DELETE_COMPLETE"
            await stacks.stage.passes(61.0)
            await stacks.created(template(Scaling=SCALING), "two")
            assert (
                stacks.rejected("DescribeStacks", StackName=stack_id).message
                == f"Stack with id {stack_id} does not exist"
            )
            kinds = {kind for kind, key, _ in stacks.stage.store.documents() if stack_id in key}
            assert kinds == set()

    run_virtual(main)


def limited(*actions: str) -> IamIdentity:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    policy = parse_policy({"Version": "2012-10-17", "Statement": [statement]}, "own")
    return IamIdentity("arn:aws:iam::123456789012:user/alice", (policy,))


def test_a_stack_may_do_only_what_the_policies_of_its_caller_allow() -> None:
    async def main() -> None:
        identity = limited("cloudformation:*", "apprunner:Describe*", "apprunner:CreateAutoScalingConfiguration")
        who = replace(ALICE, identity=identity)
        async with StackStage(identity_of=lambda _key: identity) as stacks:
            text = template(Service=SERVICE | {"DependsOn": "Scaling"}, Scaling=SCALING)
            stacks.call("CreateStack", who, StackName="one", TemplateBody=text)
            assert await stacks.settled() == "ROLLBACK_FAILED"  # it may not delete either
            (told,) = [each for each in stacks.reasons() if "apprunner:CreateService" in each]
            assert "User: arn:aws:iam::123456789012:user/alice is not authorized to perform" in told
            assert "HandlerErrorCode: AccessDenied" in told

    run_virtual(main)


@pytest.mark.parametrize(
    ("actions", "allowed"),
    [(("cloudformation:CreateStack", "apprunner:*"), True), (("cloudformation:Describe*", "apprunner:*"), False)],
)
def test_calls_of_cloudformation_need_their_own_permission(actions: tuple[str, ...], *, allowed: bool) -> None:
    async def main() -> None:
        who = replace(ALICE, identity=limited(*actions))
        async with StackStage() as stacks:
            request = {"StackName": "one", "TemplateBody": template(Scaling=SCALING)}
            if allowed:
                stacks.call("CreateStack", who, **request)
                assert await stacks.settled() == "CREATE_COMPLETE"
            else:
                error = stacks.rejected("CreateStack", who, **request)
                assert error.code == "AccessDenied"
                arn = "arn:aws:cloudformation:us-east-1:123456789012:stack/one/*"
                assert f"perform: cloudformation:CreateStack on resource: {arn}" in error.message

    run_virtual(main)


def test_a_key_that_is_gone_after_a_restart_has_no_permissions() -> None:
    def gone(_key: str) -> IamIdentity | None:
        raise ApiError("UnrecognizedClientException", "The security token included in the request is invalid.")

    async def main() -> None:
        async with StackStage(identity_of=gone) as stacks:
            await stacks.created(template(Scaling=SCALING))
            assert stacks.status() == "ROLLBACK_COMPLETE"
            assert any("The security token included in the request is invalid." in each for each in stacks.reasons())

    run_virtual(main)
