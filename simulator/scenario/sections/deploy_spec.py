"""Requests of a timeline to the control plane: a new version of a service's application, or any API operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import PlainValidator, WithJsonSchema

from simulator.model.resources.api_error import ApiError
from simulator.model.resources.arn import AUTO_SCALING, CONNECTION, OBSERVABILITY, SERVICE, VPC_CONNECTOR, VPC_INGRESS
from simulator.scenario.problems import did_you_mean
from simulator.scenario.sections.application_spec import ApplicationSpec
from simulator.scenario.sections.base_model import Section

if TYPE_CHECKING:
    from simulator.api.service_model import Schema

# Members of requests that hold the ARN of an App Runner resource, with its kind. A timeline may give a name instead.
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
    """Deploys a new version of the service's application, which works or fails."""

    service: str = ""
    """The service (default: the only service)."""
    trigger: Literal["start_deployment", "push"] = "start_deployment"
    """start_deployment: deploy by that call. push: deploy by an automatic deployment, which a paused service ignores.
    """
    application: ApplicationSpec | None = None
    """The application of the new version (default: the same as before)."""
    fails: Literal["pull", "build", "start", "health_check"] | None = None
    """How the deployment fails (default: it succeeds). pull: the image does not exist. build: the build command fails.
    start: the container ends with exit code 1. health_check: nothing listens on the port until the five minutes of
    the start are over.
    """


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call of the API.

    `request` is as in the API, except that names may replace ARNs of resources (`ARN_MEMBERS`).
    """

    operation: str
    request: Mapping[str, Any] = field(repr=False)  # may contain secrets


def parse_call(value: object) -> ApiCall:
    """Parse `{UpdateService: {...}}` and validate it against the service model.

    Raises:
        ValueError: for anything that is not a valid call of the API.
    """
    if not isinstance(value, dict) or len(value) != 1:
        msg = "api = a call, must be one operation with its request, such as {PauseService: {}}"
        raise ValueError(msg)
    [(operation, request)] = value.items()
    if not schema().knows(str(operation)):
        msg = f"api = {operation}, must be an operation of App Runner{did_you_mean(operation, operations())}"
        raise ValueError(msg)
    request = _texts({} if request is None else request, _model()["operations"][operation]["input"]["shape"])
    try:
        schema().checked(operation, with_arns(request, lambda kind, name: f"{_EXAMPLE}:{kind}/{name}"))
    except ApiError as error:
        msg = f"{operation} = its request, must be one that App Runner accepts: {error.explained}"
        raise ValueError(msg) from error
    return ApiCall(operation, request)


# An incomplete ARN that replaces each name when a request is validated against the model.
_EXAMPLE: Final = "arn:aws:apprunner:us-east-1:123456789012"

Call = Annotated[
    ApiCall,
    PlainValidator(parse_call),
    WithJsonSchema({"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": {}}),
]


def with_arns(value: Any, arn: Any, member: str = "") -> Any:
    """Return `value` with `arn(kind, name)` in place of each name where the API expects an ARN."""
    if isinstance(value, dict):
        return {key: with_arns(each, arn, str(key)) for key, each in value.items()}
    if isinstance(value, list):
        return [with_arns(each, arn) for each in value]
    if member in ARN_MEMBERS and isinstance(value, str) and not value.startswith(_ARN):
        return arn(ARN_MEMBERS[member], value)
    return value


def _texts(value: Any, shape_name: str) -> Any:
    """Return `value` with text where the API expects text, because YAML reads `Cpu: 512` and `Port: 80` as numbers."""
    shape = _model()["shapes"][shape_name]
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


def _model() -> dict[str, Any]:
    """Return the service model, imported on first use, because most scenarios have no call of the API."""
    from simulator.api.service_model import service_model  # noqa: PLC0415

    return service_model()


@cache
def schema() -> Schema:
    from simulator.api.service_model import Schema  # noqa: PLC0415 as in `_model`

    return Schema()


@cache
def operations() -> tuple[str, ...]:
    return tuple(_model()["operations"])


def takes_service(operation: object) -> bool:
    """Return True if the operation has a member `ServiceArn`."""
    given = _model()["operations"].get(operation)
    return given is not None and "ServiceArn" in _model()["shapes"][given["input"]["shape"]]["members"]
