"""A walk over botocore's model: for every input member, values just inside and just outside of each constraint.

The walk uses botocore's classes, whereas the schema under test uses its data files.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape

Request = dict[str, Any]

ARN: Final = "arn:aws:apprunner:us-east-1:123456789012:"
ROLE: Final = "arn:aws:iam::123456789012:role/"
ECR: Final = "123456789012.dkr.ecr.us-east-1.amazonaws.com/"
KMS: Final = "arn:aws:kms:{}-1:123456789012:key/12345678-1234-1234-1234-123456789012"


def _padded(before: str, after: str = "") -> Callable[[int], str]:
    return lambda length: before + "a" * (length - len(before) - len(after)) + after


# A text of a given length that matches the shape's pattern; if the pattern allows only some lengths, a text of a
# similar length.
TEXTS: Final[dict[str, Callable[[int], str]]] = {
    "AppRunnerResourceArn": _padded(ARN),
    "ImageIdentifier": _padded(ECR),
    "RoleArn": _padded(ROLE),
    "KmsKeyArn": lambda length: KMS.format("a" * (length - len(KMS.format("")))),
    "Cpu": lambda length: {3: "256", 9: "0.25 vCPU"}.get(length, "256"),
    "Memory": lambda length: {3: "512", 6: "0.5 GB"}.get(length, "512"),
}
# bounds that no text can reach, because the pattern of the same shape has tighter ones (facts 1.6: the model is used
# unchanged)
TIGHTER: Final = {
    ("AppRunnerResourceArn", "min"),  # 1, but an ARN is longer
    ("ImageIdentifier", "min"),
    ("KmsKeyArn", "min"),  # 0
    ("RoleArn", "min"),  # 29, but the shortest text that matches has 32
}
# texts that violate the pattern and no other constraint
UNLIKE: Final[dict[str, str]] = {
    "AppRunnerResourceArn": ARN + "a b",
    "AutoScalingConfigurationName": "-abcd",
    "BuildCommand": "one\ntwo",
    "ConnectionName": "ab cd",
    "Cpu": "257",
    "DomainName": "a_b.com",
    "ImageIdentifier": "docker.io/library/nginx:latest",
    "KmsKeyArn": KMS.format("us-east").replace("key/", "alias/"),
    "Memory": "513",
    "NextToken": "a\nb",
    "ObservabilityConfigurationName": "_abcd",
    "RoleArn": ROLE.replace("role", "user") + "somebody",
    "RuntimeEnvironmentVariablesKey": "a\nb",
    "RuntimeEnvironmentVariablesValue": "a\nb",
    "ServiceName": "bad name!!",
    "SourceDirectory": "/a\0b",
    "StartCommand": "one\rtwo",
    "String": "a\nb",
    "TagKey": "aws:mine",
    "TagValue": "a\nb",
    "VpcConnectorName": "ab.cd",
    "VpcIngressConnectionName": "ab.cd",
}
_UNBOUNDED_TEXT: Final = 200
_WRONG_TYPES: Final = {"string": 7, "integer": "7", "boolean": "true", "list": {"a": 1}, "map": [1], "structure": [1]}


@dataclass(frozen=True)
class Try:
    """A complete request that differs from a valid one in one member. `verdict`: the error's code; None: accepted."""

    operation: str
    path: str
    what: str
    request: Request
    verdict: str | None

    def __str__(self) -> str:
        return f"{self.operation}.{self.path}: {self.what}"


@cache
def model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("apprunner")


def tries() -> Iterator[Try]:
    for name in model().operation_names:
        operation = model().operation_model(name)
        good = _full(operation.input_shape)
        yield Try(name, "", "everything given", good, None)
        yield Try(name, "", "what is required only", _least(operation.input_shape), None)
        yield from _of_structure(operation, operation.input_shape, good, ())


def _of_structure(operation: OperationModel, shape: Shape, good: Request, path: tuple[Any, ...]) -> Iterator[Try]:
    for name, member in shape.members.items():
        place = (*path, name)
        without = _without(good, place)
        verdict = "InvalidRequestException" if name in shape.required_members else None
        yield Try(operation.name, _dotted(place), "left out", without, verdict)
        yield Try(operation.name, _dotted(place), "null", _with(good, place, None), verdict)
        yield from _of_member(operation, member, good, place)


def _of_member(operation: OperationModel, shape: Shape, good: Request, place: tuple[Any, ...]) -> Iterator[Try]:
    def attempt(what: str, value: Any, verdict: str | None) -> Try:
        return Try(operation.name, _dotted(place), what, _with(good, place, value), verdict)

    for what, value, accepted in values_of(shape):
        yield attempt(what, value, None if accepted else "InvalidRequestException")
    yield attempt("another type", _WRONG_TYPES[shape.type_name], "SerializationException")
    if shape.type_name == "structure":
        yield from _of_structure(operation, shape, good, place)
    elif shape.type_name == "list":
        yield attempt("a null within", [None], "InvalidRequestException")
        yield from _of_member(operation, shape.member, good, (*place, 0))
    elif shape.type_name == "map":
        yield attempt("a null within", {"name": None}, "InvalidRequestException")
        for what, value, accepted in values_of(shape.key):
            yield attempt(f"key: {what}", {value: "value"}, None if accepted else "InvalidRequestException")
        yield from _of_member(operation, shape.value, good, (*place, "name"))


def values_of(shape: Shape) -> Iterator[tuple[str, Any, bool]]:
    """Yield (description, value, True if the model accepts it)."""
    if shape.type_name == "integer":
        yield from _integers(shape)
    elif shape.type_name == "boolean":
        yield from (("true", True, True), ("false", False, True))
    elif shape.type_name == "string":
        yield from _enumerated(shape) if shape.enum else _texts(shape)


def _integers(shape: Shape) -> Iterator[tuple[str, Any, bool]]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None:
        yield from ((f"min {least}", least, True), (f"below min {least}", least - 1, False))
    if most is not None:
        yield from ((f"max {most}", most, True), (f"above max {most}", most + 1, False))
    else:
        yield "the greatest there is", 2**31 - 1, True


def _enumerated(shape: Shape) -> Iterator[tuple[str, Any, bool]]:
    for value in shape.enum:
        yield f"enum {value}", value, True
    yield "no such enum value", f"{shape.enum[0]}X", False
    yield "enum in lowercase", shape.enum[0].lower(), shape.enum[0].lower() in shape.enum


def _texts(shape: Shape) -> Iterator[tuple[str, Any, bool]]:
    make = TEXTS.get(shape.name, _padded(""))
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    pattern = shape.metadata.get("pattern")
    if least is not None and (shape.name, "min") not in TIGHTER:
        yield f"min length {least}", make(least), True
        if least:
            yield f"below min length {least}", make(least)[: least - 1], False
    if most is not None:
        yield f"max length {most}", make(most), True
        yield f"above max length {most}", make(most) + "a", False
    else:
        yield "long", make(_UNBOUNDED_TEXT), True
    if pattern is not None:
        unlike = UNLIKE[shape.name]
        assert not re.fullmatch(pattern, unlike), (shape.name, unlike)
        yield "unlike the pattern", unlike, False


# --- valid requests --------------------------------------------------------------------------------------------------


def _full(shape: Shape) -> Any:
    """Return a value with every member, including both kinds of source, which only the operation rejects."""
    if shape.type_name == "structure":
        return {name: _full(member) for name, member in shape.members.items()}
    return _example(shape)


def _least(shape: Shape) -> Any:
    if shape.type_name == "structure":
        return {name: _least(shape.members[name]) for name in shape.required_members}
    return _example(shape)


def _example(shape: Shape) -> Any:
    kind = shape.type_name
    if kind == "list":
        return [_full(shape.member)]
    if kind == "map":
        return {"name": _example(shape.value)}
    if kind in {"integer", "boolean"}:
        return shape.metadata.get("min", 1) if kind == "integer" else True
    if shape.enum:
        return shape.enum[0]
    least, most = shape.metadata.get("min", 4), shape.metadata.get("max", _UNBOUNDED_TEXT)
    return TEXTS.get(shape.name, _padded(""))(min(max(least, 120 if shape.name in TEXTS else 4), most))


def _with(request: Request, place: tuple[Any, ...], value: Any) -> Request:
    changed = copy.deepcopy(request)
    inside: Any = changed
    for part in place[:-1]:
        inside = inside[part]
    inside[place[-1]] = value
    return changed


def _without(request: Request, place: tuple[Any, ...]) -> Request:
    changed = copy.deepcopy(request)
    inside: Any = changed
    for part in place[:-1]:
        inside = inside[part]
    del inside[place[-1]]
    return changed


def _dotted(place: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in place)
