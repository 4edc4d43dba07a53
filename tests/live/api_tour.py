"""Calls every operation of the API through any client: once with success, and once for every error that it declares."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Protocol

import botocore.session
from botocore.model import ServiceModel

from simulator.api.calls import ApiCalls
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.workload import DeploymentProgress, ServiceRevision
from simulator.control.principal import Principal
from tests.control.api_stage import IMAGE

Answer = dict[str, Any]

ACCOUNT: Final = "123456789012"
# the account whose calls fail with an internal error, and the account that reaches its quotas
BROKEN: Final = "500000000000"
FULL: Final = "300000000000"  # the account that reaches its quotas
NO_ID: Final = "0" * 32
BUSY: Final = "busy"  # the service whose creation never ends
VPC: Final = {"VpcId": "vpc-0123", "VpcEndpointId": "vpce-0123"}
PRIVATE: Final = {"IngressConfiguration": {"IsPubliclyAccessible": False}}

INVALID, STATE, MISSING, QUOTA, INTERNAL = (
    "InvalidRequestException",
    "InvalidStateException",
    "ResourceNotFoundException",
    "ServiceQuotaExceededException",
    "InternalServiceErrorException",
)
_WAIT_S_MAX: Final = 60.0


class Client(Protocol):
    def call(self, operation: str, request: Answer, account: str) -> tuple[Answer, str]:
        """Call an operation. Return the response and the name of the error class, which is empty for a success."""


class BusyWorkload(SimulatedWorkload):
    """A workload on which the creation of one service never ends."""

    async def provision(self, revision: ServiceRevision, steps: DeploymentProgress) -> str:
        if revision.name == BUSY:
            await asyncio.Event().wait()
        return await super().provision(revision, steps)


class BreakingCalls(ApiCalls):
    """API calls that fail with an internal error for one account."""

    def call(self, caller: Principal, operation: str, request: Any) -> Answer:
        if caller.account == BROKEN:
            raise RuntimeError("this account's calls break the server")
        return super().call(caller, operation, request)


@cache
def model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("apprunner")


def everything() -> set[tuple[str, str]]:
    """Return (operation, error) for each operation: the success, which has an empty name, and the declared errors."""
    wanted = set()
    for name in model().operation_names:
        errors = {shape.name for shape in model().operation_model(name).error_shapes}
        wanted |= {(name, outcome) for outcome in errors | {""}}
    return wanted


class Tour:
    def __init__(self, client: Client) -> None:
        self._client = client
        self.seen: set[tuple[str, str]] = set()
        self._examples: dict[str, Answer] = {}  # a valid request of each operation

    def go(self) -> None:
        self._configurations()
        self._connections()
        self._services()
        self._domains()
        self._ingress()
        self._tags()
        self._lists()
        self._missing()
        self._quotas()
        self._broken()

    # --- calls -----------------------------------------------------------------------------------------------------

    def ok(self, operation: str, **request: Any) -> Answer:
        answer, error = self._client.call(operation, request, ACCOUNT)
        assert not error, (operation, request, error)
        required = set(model().operation_model(operation).output_shape.required_members)
        assert required <= set(answer), (operation, sorted(answer))
        self.seen.add((operation, ""))
        self._examples.setdefault(operation, request)
        return answer

    def rejected(self, error: str, operation: str, account: str = ACCOUNT, /, **request: Any) -> None:
        _, told = self._client.call(operation, request, account)
        assert told == error, (operation, request, told)
        self.seen.add((operation, error))

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + _WAIT_S_MAX  # noqa: TID251 a client's clock
        while not holds():
            assert time.monotonic() < end, "what was waited for did not happen"  # noqa: TID251
            time.sleep(0.02)  # noqa: TID251 as a client polls

    def service(self, arn: str) -> Answer:
        service: Answer = self.ok("DescribeService", ServiceArn=arn)["Service"]
        return service

    def running(self, name: str, **request: Any) -> str:
        answer = self.ok("CreateService", ServiceName=name, SourceConfiguration=IMAGE, **request)
        assert answer["Service"]["Status"] == "OPERATION_IN_PROGRESS"
        assert answer["OperationId"]
        arn: str = answer["Service"]["ServiceArn"]
        self.is_in(arn, "RUNNING")
        return arn

    def is_in(self, arn: str, status: str) -> None:
        self.until(lambda: bool(self.service(arn)["Status"] == status))

    # --- stops -----------------------------------------------------------------------------------------------------

    def _configurations(self) -> None:
        name = "busy-hours"
        made = self.ok(
            "CreateAutoScalingConfiguration", AutoScalingConfigurationName=name, MaxConcurrency=200, MinSize=2
        )["AutoScalingConfiguration"]
        assert (made["MaxConcurrency"], made["MaxSize"], made["Status"]) == (200, 25, "active")
        arn = made["AutoScalingConfigurationArn"]
        partial = arn.rsplit("/", 2)[0]
        described = self.ok("DescribeAutoScalingConfiguration", AutoScalingConfigurationArn=partial)
        assert described["AutoScalingConfiguration"]["AutoScalingConfigurationArn"] == arn
        self.ok("UpdateDefaultAutoScalingConfiguration", AutoScalingConfigurationArn=arn)
        self.ok("ListServicesForAutoScalingConfiguration", AutoScalingConfigurationArn=arn)
        self.rejected(INVALID, "DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=arn)  # the default
        self.rejected(INVALID, "CreateAutoScalingConfiguration", AutoScalingConfigurationName=name, MaxConcurrency=500)
        other = self.ok("CreateAutoScalingConfiguration", AutoScalingConfigurationName="other")
        other_arn = other["AutoScalingConfiguration"]["AutoScalingConfigurationArn"]
        gone = self.ok("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=other_arn)
        assert gone["AutoScalingConfiguration"]["Status"] == "inactive"

        traced = self.ok(
            "CreateObservabilityConfiguration",
            ObservabilityConfigurationName="traced",
            TraceConfiguration={"Vendor": "AWSXRAY"},
        )["ObservabilityConfiguration"]
        self.rejected(INVALID, "CreateObservabilityConfiguration", ObservabilityConfigurationName="no spaces!")
        arn = traced["ObservabilityConfigurationArn"]
        self.ok("DescribeObservabilityConfiguration", ObservabilityConfigurationArn=arn)
        self.ok("DeleteObservabilityConfiguration", ObservabilityConfigurationArn=arn)

        connector = self.ok("CreateVpcConnector", VpcConnectorName="network", Subnets=["subnet-1"])["VpcConnector"]
        self.rejected(INVALID, "CreateVpcConnector", VpcConnectorName="a b c d", Subnets=["subnet-1"])
        self.ok("DescribeVpcConnector", VpcConnectorArn=connector["VpcConnectorArn"])
        gone = self.ok("DeleteVpcConnector", VpcConnectorArn=connector["VpcConnectorArn"])
        assert gone["VpcConnector"]["Status"] == "INACTIVE"

    def _connections(self) -> None:
        made = self.ok("CreateConnection", ConnectionName="hub1", ProviderType="GITHUB")["Connection"]
        assert made["Status"] == "PENDING_HANDSHAKE"
        self.rejected(INVALID, "CreateConnection", ConnectionName="hub1", ProviderType="SOURCEFORGE")
        listed = self.ok("ListConnections", ConnectionName="hub1")["ConnectionSummaryList"]
        assert [each["ConnectionArn"] for each in listed] == [made["ConnectionArn"]]
        self.ok("DeleteConnection", ConnectionArn=made["ConnectionArn"])

    def _services(self) -> None:
        arn = self.arn = self.running("hello", InstanceConfiguration={"Cpu": "1 vCPU", "Memory": "2 GB"})
        view = self.service(arn)
        assert (view["InstanceConfiguration"]["Cpu"], view["InstanceConfiguration"]["Memory"]) == ("1024", "2048")
        self.rejected(INVALID, "CreateService", ServiceName="hello", SourceConfiguration=IMAGE)
        self.ok("UpdateService", ServiceArn=arn, HealthCheckConfiguration={"Interval": 20})
        self.is_in(arn, "RUNNING")
        self.ok("StartDeployment", ServiceArn=arn)
        self.is_in(arn, "RUNNING")
        self.ok("PauseService", ServiceArn=arn)
        self.is_in(arn, "PAUSED")
        self.rejected(STATE, "UpdateService", ServiceArn=arn)
        assert "OperationId" not in self.ok("PauseService", ServiceArn=arn)  # it is already paused
        self.ok("ResumeService", ServiceArn=arn)
        self.is_in(arn, "RUNNING")
        types = [each["Type"] for each in self.ok("ListOperations", ServiceArn=arn)["OperationSummaryList"]]
        assert types == ["RESUME_SERVICE", "PAUSE_SERVICE", "START_DEPLOYMENT", "UPDATE_SERVICE", "CREATE_SERVICE"]
        busy = self.ok("CreateService", ServiceName=BUSY, SourceConfiguration=IMAGE)["Service"]["ServiceArn"]
        self.busy = busy
        for operation in ("UpdateService", "PauseService", "ResumeService", "DeleteService"):
            self.rejected(STATE, operation, ServiceArn=busy)
        self.rejected(INVALID, "StartDeployment", ServiceArn=busy)
        gone = self.gone = self.running("short")
        self.ok("DeleteService", ServiceArn=gone)
        self.is_in(gone, "DELETED")

    def _domains(self) -> None:
        linked = self.ok("AssociateCustomDomain", ServiceArn=self.arn, DomainName="shop.acme.dev")
        assert linked["CustomDomain"]["Status"] == "creating"
        self.rejected(INVALID, "AssociateCustomDomain", ServiceArn=self.arn, DomainName="shop.acme.dev")
        self.rejected(STATE, "AssociateCustomDomain", ServiceArn=self.busy, DomainName="busy.acme.dev")
        self.ok("DescribeCustomDomains", ServiceArn=self.arn)
        self.rejected(INVALID, "DisassociateCustomDomain", ServiceArn=self.arn, DomainName="a_b.com")
        self.ok("PauseService", ServiceArn=self.arn)
        self.is_in(self.arn, "PAUSED")
        self.rejected(STATE, "DisassociateCustomDomain", ServiceArn=self.arn, DomainName="shop.acme.dev")
        self.ok("ResumeService", ServiceArn=self.arn)
        self.is_in(self.arn, "RUNNING")
        self.ok("DisassociateCustomDomain", ServiceArn=self.arn, DomainName="shop.acme.dev")

    def _ingress(self) -> None:
        inside = self.running("inside", NetworkConfiguration=PRIVATE)
        assert self.service(inside).get("ServiceUrl", "") == ""
        request = {"ServiceArn": inside, "VpcIngressConnectionName": "door", "IngressVpcConfiguration": VPC}
        handler = self.ok("CreateVpcIngressConnection", **request)["VpcIngressConnection"]["VpcIngressConnectionArn"]
        self.rejected(INVALID, "CreateVpcIngressConnection", **request | {"ServiceArn": self.arn})  # a public service
        self.rejected(QUOTA, "CreateVpcIngressConnection", **request | {"VpcIngressConnectionName": "door2"})

        def status() -> str:
            found = self.ok("DescribeVpcIngressConnection", VpcIngressConnectionArn=handler)
            return str(found["VpcIngressConnection"]["Status"])

        self.until(lambda: status() == "AVAILABLE")
        self.rejected(STATE, "DeleteService", ServiceArn=inside)
        self.ok("UpdateVpcIngressConnection", VpcIngressConnectionArn=handler, IngressVpcConfiguration=VPC)
        self.until(lambda: status() == "AVAILABLE")
        self.ok("DeleteVpcIngressConnection", VpcIngressConnectionArn=handler)
        self.until(lambda: status() == "DELETED")
        self.rejected(STATE, "UpdateVpcIngressConnection", VpcIngressConnectionArn=handler, IngressVpcConfiguration=VPC)
        self.rejected(STATE, "DeleteVpcIngressConnection", VpcIngressConnectionArn=handler)
        self.ok("PauseService", ServiceArn=inside)
        self.is_in(inside, "PAUSED")
        self.rejected(STATE, "CreateVpcIngressConnection", **request)

    def _tags(self) -> None:
        self.ok("TagResource", ResourceArn=self.arn, Tags=[{"Key": "team", "Value": "shop"}])
        assert self.ok("ListTagsForResource", ResourceArn=self.arn)["Tags"] == [{"Key": "team", "Value": "shop"}]
        self.ok("UntagResource", ResourceArn=self.arn, TagKeys=["team"])
        assert self.ok("ListTagsForResource", ResourceArn=self.arn)["Tags"] == []
        self.rejected(STATE, "TagResource", ResourceArn=self.gone, Tags=[{"Key": "team", "Value": "shop"}])
        self.rejected(STATE, "UntagResource", ResourceArn=self.gone, TagKeys=["team"])
        self.rejected(STATE, "ListTagsForResource", ResourceArn=self.gone)

    def _lists(self) -> None:
        for operation in model().operation_names:
            members = model().operation_model(operation).input_shape.members
            if "MaxResults" in members and operation.startswith(("List", "Describe")):
                required = self._examples.get(operation, {})
                answer = self.ok(operation, **required | {"MaxResults": 1})
                if "NextToken" in answer:
                    self.ok(operation, **required | {"MaxResults": 1, "NextToken": answer["NextToken"]})
                self.rejected(INVALID, operation, **required | {"MaxResults": 101})

    def _missing(self) -> None:
        """Name resources that do not exist, and ARNs that are invalid."""
        for operation in model().operation_names:
            shape = model().operation_model(operation).input_shape
            arn = next((name for name in shape.required_members if name.endswith("Arn")), None)
            if arn is None:
                continue
            if (operation, INVALID) not in self.seen:
                self.rejected(INVALID, operation, **self._examples[operation] | {arn: "arn:not-one"})
            if (operation, MISSING) in everything():
                self.rejected(MISSING, operation, **self._examples[operation] | {arn: _absent_arn(arn)})

    def _quotas(self) -> None:
        for operation, names in (
            ("CreateService", "ServiceName"),
            ("CreateAutoScalingConfiguration", "AutoScalingConfigurationName"),
            ("CreateObservabilityConfiguration", "ObservabilityConfigurationName"),
            ("CreateConnection", "ConnectionName"),
            ("CreateVpcConnector", "VpcConnectorName"),
        ):
            request = {
                name: value for name, value in self._examples[operation].items() if name != "InstanceConfiguration"
            }
            told = ""
            for number in range(10):
                _, told = self._client.call(operation, request | {names: f"one-of-many-{number}"}, FULL)
                if told:
                    break
            assert told == QUOTA, (operation, told)
            self.seen.add((operation, told))

    def _broken(self) -> None:
        for operation in model().operation_names:
            self.rejected(INTERNAL, operation, BROKEN, **self._examples[operation])


def _absent_arn(member: str) -> str:
    kind = {"Resource": "service"}.get(member.removesuffix("Arn"), member.removesuffix("Arn").lower())
    path = "absent/1" if "configuration" in kind or kind == "vpcconnector" else "absent"
    return f"arn:aws:apprunner:us-east-1:{ACCOUNT}:{kind}/{path}/{NO_ID}"
