"""Stacks in virtual time: CloudFormation's operations on a control plane with a simulated workload."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest

from simulator.api.calls import ApiCalls
from simulator.api.query.query_protocol import query_protocol
from simulator.control.api_context import ApiSettings
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.time_profile import INSTANT, TimeProfile
from simulator.control.principal import Principal
from simulator.model.resources.api_error import ApiError
from simulator.rules.iam.identity import IamIdentity
from tests.control.api_stage import ALICE, IMAGE, Stage

Answer = dict[str, Any]

SERVICE: dict[str, Any] = {
    "Type": "AWS::AppRunner::Service",
    "Properties": {"ServiceName": "shop", "SourceConfiguration": IMAGE},
}
SCALING: dict[str, Any] = {
    "Type": "AWS::AppRunner::AutoScalingConfiguration",
    "Properties": {"AutoScalingConfigurationName": "busy", "MaxConcurrency": 50},
}
CONNECTOR: dict[str, Any] = {
    "Type": "AWS::AppRunner::VpcConnector",
    "Properties": {"Subnets": ["subnet-1"]},
}
WAIT_S = 100_000.0


def service(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::AppRunner::Service", "Properties": SERVICE["Properties"] | properties}


def template(outputs: Answer | None = None, parameters: Answer | None = None, **resources: Any) -> str:
    content = {"Resources": resources} | ({"Outputs": outputs} if outputs else {})
    return json.dumps(content | ({"Parameters": parameters} if parameters else {}))


class StackStage:
    """`async with StackStage() as stacks:` on a virtual loop."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        profile: TimeProfile = INSTANT,
        settings: ApiSettings | None = None,
        workload: SimulatedWorkload | None = None,
        identity_of: Callable[[str], IamIdentity | None] = lambda _key: None,
    ) -> None:
        self.stage = Stage(path, profile=profile, settings=settings, workload=workload)
        self.workload = self.stage.workload
        self._look_s = max(0.01, profile.stack_look_s / 5)
        self.calls = ApiCalls(self.stage.api, identity_of)
        if self.stage.registry.has("stack"):
            self.calls.stacks.runs.resume()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        await self.stage.__aexit__(kind, *rest)

    def call(self, operation: str, who: Principal = ALICE, /, **request: Any) -> Answer:
        """Make a call, and check the response with botocore's model."""
        answer = self.calls.stacks.handle(who, operation, request)
        query_protocol("cloudformation").response(operation, answer, "request-1")
        return answer

    def rejected(self, operation: str, who: Principal = ALICE, /, **request: Any) -> ApiError:
        with pytest.raises(ApiError) as caught:
            self.call(operation, who, **request)
        return caught.value

    async def settled(self, stack: str = "one") -> str:
        """Wait for the end of the operation and return the stack's status."""
        await self.until(lambda: not self.status(stack).endswith("_IN_PROGRESS"))
        return self.status(stack)

    async def until(self, holds: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        end_s = loop.time() + WAIT_S
        while not holds():
            assert loop.time() < end_s
            await asyncio.sleep(self._look_s)

    async def created(self, text: str, stack: str = "one", **more: Any) -> str:
        self.call("CreateStack", StackName=stack, TemplateBody=text, **more)
        return await self.settled(stack)

    async def updated(self, text: str, stack: str = "one", **more: Any) -> str:
        self.call("UpdateStack", StackName=stack, TemplateBody=text, **more)
        return await self.settled(stack)

    async def deleted(self, stack: str = "one", **more: Any) -> str:
        stack_id = str(self.describe(stack)["StackId"])
        self.call("DeleteStack", StackName=stack, **more)
        return await self.settled(stack_id)

    def describe(self, stack: str = "one") -> Answer:
        view: Answer = self.call("DescribeStacks", StackName=stack)["Stacks"][0]
        return view

    def status(self, stack: str = "one") -> str:
        return str(self.describe(stack)["StackStatus"])

    def outputs(self, stack: str = "one") -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in self.describe(stack)["Outputs"]}

    def physical(self, stack: str = "one") -> dict[str, str]:
        """Return physical ids by logical id."""
        found = self.call("ListStackResources", StackName=stack)["StackResourceSummaries"]
        return {each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in found}

    def events(self, stack: str = "one", *, logical: str | None = None) -> list[tuple[str, str]]:
        """Return (logical id, status) of the events, oldest first."""
        found = self.call("DescribeStackEvents", StackName=stack)["StackEvents"][::-1]
        told = [(each["LogicalResourceId"], each["ResourceStatus"]) for each in found]
        return [each for each in told if logical in {None, each[0]}]

    def reasons(self, stack: str = "one") -> list[str]:
        found = self.call("DescribeStackEvents", StackName=stack)["StackEvents"][::-1]
        return [each["ResourceStatusReason"] for each in found if "ResourceStatusReason" in each]

    def services(self) -> list[str]:
        """Return the names of the existing services."""
        return [each["ServiceName"] for each in self.stage.call("ListServices")["ServiceSummaryList"]]
