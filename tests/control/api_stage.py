"""A control plane in virtual time with a workload that only records; every call is checked with botocore's model."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path
from typing import Any, Self

import botocore.session
import pytest
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.validate import ParamValidator

from simulator.control.api_context import ApiSettings
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.time_profile import INSTANT, TimeProfile
from simulator.control.operations.workload import Workload
from simulator.control.principal import Principal
from simulator.control.service_api import ServiceApi
from simulator.control.state.log_entries import EntryKind
from simulator.control.state.registry import Registry
from simulator.control.state.store import Store
from simulator.control.wall_clock import virtual_wall_clock
from simulator.model.resources.api_error import ApiError
from simulator.world.tasks import Tasks
from tests.virtual import rounds

Answer = dict[str, Any]

PUBLIC_IMAGE = "public.ecr.aws/aws-containers/hello-app-runner:latest"
IMAGE = {"ImageRepository": {"ImageIdentifier": PUBLIC_IMAGE, "ImageRepositoryType": "ECR_PUBLIC"}}


def principal(account: str = "123456789012", region: str = "us-east-1") -> Principal:
    return Principal(account, region, "AKIDEXAMPLE", "request-1", "127.0.0.1", "pytest")


ALICE = principal()


class Stage:
    """`async with Stage() as stage:` on a virtual loop."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        profile: TimeProfile = INSTANT,
        settings: ApiSettings | None = None,
        workload: Workload | None = None,
    ) -> None:
        self.workload = workload if isinstance(workload, SimulatedWorkload) else SimulatedWorkload()
        self.store = Store(path)
        self.registry = Registry(self.store, seed=7)
        self.tasks = Tasks("control")
        self.now = virtual_wall_clock()
        self.api = ServiceApi(
            self.registry,
            workload or self.workload,
            now=self.now,
            tasks=self.tasks,
            profile=profile,
            settings=settings or ApiSettings(),
        )
        self.api.start()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self.tasks.failed.done():
            await self.tasks.failed
        self.api.flush()
        await self.tasks.close()
        self.store.close()

    # --- calls -----------------------------------------------------------------------------------------------------

    def call(self, operation: str, who: Principal = ALICE, /, **request: Any) -> Answer:
        check_request(operation, request)
        answer = self.api.handle(who, operation, request)
        check_answer(operation, answer)
        return answer

    def rejected(self, operation: str, who: Principal = ALICE, /, **request: Any) -> ApiError:
        """Return the error of a call. It must be one that the model declares for the operation."""
        with pytest.raises(ApiError) as caught:
            self.api.handle(who, operation, request)
        declared = {shape.name for shape in model().operation_model(operation).error_shapes}
        assert caught.value.code in declared
        return caught.value

    async def settled(self) -> None:
        """Wait until no operation runs and everything that takes no time has happened."""
        await self.api.operations.settled()
        await rounds(5)

    async def passes(self, seconds: float) -> None:
        await asyncio.sleep(seconds + 1e-6)  # after the timers that are due then
        await rounds(5)

    # --- shortcuts -------------------------------------------------------------------------------------------------

    def create(self, name: str = "hello", **request: Any) -> str:
        """Return the ARN of a new service, whose creation is in progress."""
        defaults = {"ServiceName": name, "SourceConfiguration": IMAGE}
        arn: str = self.call("CreateService", **(defaults | request))["Service"]["ServiceArn"]
        return arn

    async def running(self, name: str = "hello", **request: Any) -> str:
        arn = self.create(name, **request)
        await self.settled()
        assert self.status(arn) == "RUNNING"
        return arn

    async def private(self, name: str = "inside") -> str:
        return await self.running(name, NetworkConfiguration={"IngressConfiguration": {"IsPubliclyAccessible": False}})

    def service(self, arn: str) -> Answer:
        view: Answer = self.call("DescribeService", ServiceArn=arn)["Service"]
        return view

    def status(self, arn: str) -> str:
        return str(self.service(arn)["Status"])

    def operations(self, arn: str) -> list[tuple[str, str]]:
        """Return type and status of the operations, newest first."""
        summaries = self.call("ListOperations", ServiceArn=arn)["OperationSummaryList"]
        return [(each["Type"], each["Status"]) for each in summaries]

    def lines(self, arn: str, stream: str = "events") -> list[str]:
        entries = self.store.entries_after(0, kind=EntryKind.LOG, service=arn)
        return [entry.text.removeprefix("[AppRunner] ") for entry in entries if entry.stream.startswith(stream)]


# --- botocore's model ------------------------------------------------------------------------------------------------


@cache
def model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("apprunner")


@cache
def _operation(name: str) -> OperationModel:
    return model().operation_model(name)


def check_request(operation: str, request: Answer) -> None:
    report = ParamValidator().validate(request, _operation(operation).input_shape)
    assert not report.has_errors(), report.generate_report()


def check_answer(operation: str, answer: Answer) -> None:
    _check_shape(answer, _operation(operation).output_shape, operation)


def _check_shape(value: Any, shape: Shape, where: str) -> None:
    kind = shape.type_name
    if kind == "structure":
        assert isinstance(value, dict), where
        assert set(shape.required_members) <= set(value) <= set(shape.members), (where, sorted(value))
        for name, each in value.items():
            _check_shape(each, shape.members[name], f"{where}.{name}")
    elif kind == "list":
        assert isinstance(value, list), where
        for each in value:
            _check_shape(each, shape.member, f"{where}[]")
    elif kind == "map":
        assert isinstance(value, dict), where
    else:
        python = {"string": str, "boolean": bool, "integer": int, "timestamp": float}[kind]
        assert type(value) is python, (where, value)
        enum = getattr(shape, "enum", None)
        assert not enum or str(value).upper() in enum, (where, value)
