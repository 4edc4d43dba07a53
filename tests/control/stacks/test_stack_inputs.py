"""Inputs of stacks that are elsewhere: templates at a URL, and values of parameters in SSM."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from simulator.assembly.control_plane import ControlPlane, ControlPlaneSettings, open_control_plane
from simulator.control.assets.asset_settings import AssetSettings
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.fleet.credentials.secrets import SecretsPlace
from simulator.model.resources.api_error import ApiError
from tests.control.api_stage import ALICE
from tests.control.stacks.stack_stage import Answer, template

SIZE = {"Size": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/shop/size"}}
SUBNETS = {"Subnets": {"Type": "AWS::SSM::Parameter::Value<List<AWS::EC2::Subnet::Id>>", "Default": "/shop/subnets"}}
SCALING = {
    "Type": "AWS::AppRunner::AutoScalingConfiguration",
    "Properties": {"AutoScalingConfigurationName": "busy", "MaxSize": {"Ref": "Size"}},
}
CONNECTOR = {"Type": "AWS::AppRunner::VpcConnector", "Properties": {"Subnets": {"Ref": "Subnets"}}}


async def plane_with(folder: Path, **parameters: str) -> ControlPlane:
    file = folder / "secrets.json"
    file.write_text(json.dumps({f"/shop/{name}": value for name, value in parameters.items()}), encoding="utf-8")
    return await open_control_plane(
        ControlPlaneSettings(listener=None, assets=AssetSettings(aws=SecretsPlace(file))), SimulatedWorkload()
    )


async def called(plane: ControlPlane, operation: str, **request: Any) -> Answer:
    stacks = plane.calls.stacks
    return stacks.handle(ALICE, operation, await stacks.with_sources(ALICE, operation, request))


async def test_a_parameter_of_ssm_has_the_value_that_ssm_has_at_each_operation(tmp_path: Path) -> None:
    async with await plane_with(tmp_path, size="3", subnets="subnet-1, subnet-2") as plane:
        text = template(None, SIZE | SUBNETS, Scaling=SCALING, Connector=CONNECTOR)
        await called(plane, "CreateStack", StackName="one", TemplateBody=text)
        await plane.calls.stacks.runs.settled()
        (stack,) = (await called(plane, "DescribeStacks", StackName="one"))["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        assert stack["Parameters"] == [
            {"ParameterKey": "Size", "ParameterValue": "/shop/size", "ResolvedValue": "3"},
            {"ParameterKey": "Subnets", "ParameterValue": "/shop/subnets", "ResolvedValue": "subnet-1, subnet-2"},
        ]
        (connector,) = plane.api.handle(ALICE, "ListVpcConnectors", {})["VpcConnectors"]
        assert connector["Subnets"] == ["subnet-1", "subnet-2"]
        with pytest.raises(ApiError, match="No updates are to be performed"):
            await called(plane, "UpdateStack", StackName="one", UsePreviousTemplate=True)
        content = json.dumps({"/shop/size": "4", "/shop/subnets": "subnet-1, subnet-2"})
        await asyncio.get_running_loop().run_in_executor(None, (tmp_path / "secrets.json").write_text, content)
        await called(plane, "UpdateStack", StackName="one", UsePreviousTemplate=True)
        await plane.calls.stacks.runs.settled()
        (stack,) = (await called(plane, "DescribeStacks", StackName="one"))["Stacks"]
        assert (stack["StackStatus"], stack["Parameters"][0]["ResolvedValue"]) == ("UPDATE_COMPLETE", "4")


async def test_a_parameter_that_ssm_does_not_have_is_named(tmp_path: Path) -> None:
    async with await plane_with(tmp_path) as plane:
        for operation in ("CreateStack", "CreateChangeSet"):
            request = {"StackName": "one", "TemplateBody": template(None, SIZE, Scaling=SCALING), "ChangeSetName": "c1"}
            if operation == "CreateChangeSet":
                request["ChangeSetType"] = "CREATE"
            with pytest.raises(ApiError) as caught:
                await called(plane, operation, **request)
            told = "Unable to fetch parameters [/shop/size] from parameter store for this account."
            assert (caught.value.code, caught.value.message) == ("ValidationError", told)
        for kind in ("AWS::SSM::Parameter::Value<Number>", "AWS::SSM::Parameter::Value<>", "AWS::SSM::Parameter"):
            with pytest.raises(ApiError, match="Unrecognized parameter type"):
                await called(plane, "ValidateTemplate", TemplateBody=template(None, {"P": {"Type": kind}}, S=SCALING))


async def test_a_template_is_given_once(tmp_path: Path) -> None:
    async with await plane_with(tmp_path) as plane:
        both = {"TemplateBody": "{}", "TemplateURL": "https://s3.amazonaws.com/bucket-1/key"}
        with pytest.raises(ApiError, match="only one of TemplateBody or TemplateURL"):
            await called(plane, "CreateStack", StackName="one", **both)
        with pytest.raises(ApiError, match="must be a supported URL"):
            await called(plane, "ValidateTemplate", TemplateURL="ftp://x/y")


@pytest.mark.parametrize(
    "properties",
    [
        {"Tags": "{{changeSet:KNOWN_AFTER_APPLY}}"},
        "{{changeSet:KNOWN_AFTER_APPLY}}",
        {"MaxSize": "9" * 30},
        {"MaxSize": {"Ref": "AWS::NoValue"}, "MinSize": {"Fn::Split": [",", "1,2"]}},
        {"Fn::GetAtt": ["B", "Latest"]},
        {"Fn::If": ["No", {}, {"Ref": "AWS::NoValue"}]},
    ],
)
async def test_properties_that_are_none_fail_the_resource_and_not_the_simulator(
    tmp_path: Path, properties: Any
) -> None:
    async with await plane_with(tmp_path) as plane:
        kind = "AWS::AppRunner::AutoScalingConfiguration"
        bad = {"Type": kind, "Properties": properties, "DependsOn": "B"}
        content = {"Conditions": {"No": {"Fn::Equals": [1, 2]}}, "Resources": {"A": bad, "B": {"Type": kind}}}
        text = json.dumps(content)
        if isinstance(properties, str):
            with pytest.raises(ApiError, match="must be a mapping"):
                await called(plane, "CreateStack", StackName="one", TemplateBody=text)
            return
        await called(plane, "CreateStack", StackName="one", TemplateBody=text)
        await plane.calls.stacks.runs.settled()
        (stack,) = (await called(plane, "DescribeStacks", StackName="one"))["Stacks"]
        assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
        assert "[A]" in str(await called(plane, "DescribeStackEvents", StackName="one"))
        assert not plane.tasks.failed.done()


async def test_an_unknown_type_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    async with await plane_with(tmp_path) as plane:
        text = template(A={"Type": "AWS::AppRunner::Servce"})
        with pytest.raises(ApiError, match="Unrecognized resource types") as caught:
            await called(plane, "CreateStack", StackName="one", TemplateBody=text)
        assert caught.value.hint.endswith("did you mean `AWS::AppRunner::Service`?")
