"""What a timeline asks of the control plane: a new version of a service's application, or any operation of the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Final, Literal

from pydantic import PlainValidator, WithJsonSchema

from simulator.api.service_model import Schema, service_model
from simulator.model.api_error import ApiError
from simulator.model.arn import AUTO_SCALING, CONNECTION, OBSERVABILITY, SERVICE, VPC_CONNECTOR, VPC_INGRESS
from simulator.replay.application_spec import ApplicationSpec
from simulator.replay.problems import did_you_mean
from simulator.replay.sections import Section

# Members of requests that hold the ARN of a resource of App Runner's, and which kind. A timeline may give a name there.
ARN_MEMBERS: Final[Mapping[str, str]] = {
    "ServiceArn": SERVICE,
    "ResourceArn": SERVICE,
    "AutoScalingConfigurationArn": AUTO_SCALING,
    "ObservabilityConfigurationArn": OBSERVABILITY,
    "ConnectionArn": CONNECTION,
    "VpcConnectorArn": VPC_CONNECTOR,
    "VpcIngressConnectionArn": VPC_INGRESS,
}
_ARN: Final = "arn:"


class DeploySpec(Section):
    """A new version of the service's application is deployed: a good one, or one that fails."""

    service: str = ""
    """The service; may be left out when there is only one."""
    trigger: Literal["start_deployment", "push"] = "start_deployment"
    """start_deployment: by that call. push: by an automatic deployment, which a paused service ignores."""
    application: ApplicationSpec | None = None
    """What the new version is; as the one before if left out."""
    fails: Literal["pull", "build", "start", "health_check"] | None = None
    """How it fails, if it does. pull: there is no such image. build: the build command fails. start: the container ends
    with exit code 1. health_check: nothing listens on the port, until the five minutes of its start are over."""


@dataclass(frozen=True, slots=True)
class ApiCall:
    """`request` as the API has it, but that a name may stand for the ARN of a resource (`ARN_MEMBERS`)."""

    operation: str
    request: Mapping[str, Any] = field(repr=False)  # secrets among it


def parse_call(value: object) -> ApiCall:
    """`{UpdateService: {...}}`, held against the service model.

    Raises:
        ValueError: when it is no call of the API.
    """
    if not isinstance(value, dict) or len(value) != 1:
        msg = "api = a call, must be one operation with its request, such as {PauseService: {}}"
        raise ValueError(msg)
    [(operation, request)] = value.items()
    if not schema().knows(str(operation)):
        msg = f"api = {operation}, must be an operation of App Runner{did_you_mean(operation, operations())}"
        raise ValueError(msg)
    model = service_model()
    request = _texts({} if request is None else request, model["operations"][operation]["input"]["shape"])
    try:
        schema().checked(operation, with_arns(request, lambda kind, name: f"{_EXAMPLE}:{kind}/{name}"))
    except ApiError as error:
        msg = f"{operation} = its request, must be one that App Runner accepts: {error.explained}"
        raise ValueError(msg) from error
    return ApiCall(operation, request)


# A partial ARN that stands in for the real one when a request is held against the model.
_EXAMPLE: Final = "arn:aws:apprunner:us-east-1:123456789012"

Call = Annotated[
    ApiCall,
    PlainValidator(parse_call),
    WithJsonSchema({"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": {}}),
]


def with_arns(value: Any, arn: Any, member: str = "") -> Any:
    """`value` with `arn(kind, name)` in place of every name where an ARN belongs."""
    if isinstance(value, dict):
        return {key: with_arns(each, arn, str(key)) for key, each in value.items()}
    if isinstance(value, list):
        return [with_arns(each, arn) for each in value]
    if member in ARN_MEMBERS and isinstance(value, str) and not value.startswith(_ARN):
        return arn(ARN_MEMBERS[member], value)
    return value


def _texts(value: Any, shape_name: str) -> Any:
    """`value` with text where the API wants text: `Cpu: 512` and `Port: 8080` are what one writes in YAML."""
    shape = service_model()["shapes"][shape_name]
    kind = shape["type"]
    if kind == "structure" and isinstance(value, dict):
        members = shape["members"]
        return {key: _texts(each, members[key]["shape"]) if key in members else each for key, each in value.items()}
    if kind == "map" and isinstance(value, dict):
        return {str(key): _texts(each, shape["value"]["shape"]) for key, each in value.items()}
    if kind == "list" and isinstance(value, list):
        return [_texts(each, shape["member"]["shape"]) for each in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if kind == "string" and is_number else value


@cache
def schema() -> Schema:
    return Schema()


@cache
def operations() -> tuple[str, ...]:
    return tuple(service_model()["operations"])


def takes_service(operation: object) -> bool:
    """Whether the operation is one on a service, by `ServiceArn`."""
    told = service_model()["operations"].get(operation)
    return told is not None and "ServiceArn" in service_model()["shapes"][told["input"]["shape"]]["members"]
