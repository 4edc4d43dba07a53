"""Resources as JSON documents and back."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from simulator.model.api_resources import (
    AccountResource,
    AutoScalingResource,
    ConnectionResource,
    CustomDomainResource,
    ObservabilityResource,
    OperationResource,
    Resource,
    ServiceResource,
    VpcConnectorResource,
    VpcIngressResource,
)
from simulator.model.problems import one_of

# The names are in every state file: they stay, whatever the classes are called.
KINDS: Final = MappingProxyType(
    {
        "account": AccountResource,
        "auto-scaling": AutoScalingResource,
        "connection": ConnectionResource,
        "custom-domain": CustomDomainResource,
        "observability": ObservabilityResource,
        "operation": OperationResource,
        "service": ServiceResource,
        "vpc-connector": VpcConnectorResource,
        "vpc-ingress": VpcIngressResource,
    }
)
_KIND_OF: Final = {kind: name for name, kind in KINDS.items()}


class DocumentError(ValueError):
    """A document is of no kind, or not what its kind says; the message names the first thing wrong."""


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    """Made when the first resource of its kind comes: all nine take a tenth of a second of a server's start."""
    return TypeAdapter(KINDS[kind])


def kind_of(resource: Resource) -> str:
    return _KIND_OF[type(resource)]


def to_json(resource: Resource) -> str:
    return _adapter(kind_of(resource)).dump_json(resource).decode()


def from_json(kind: str, body: str) -> Resource:
    """Raises DocumentError."""
    if kind not in KINDS:
        raise DocumentError(f"kind = {kind!r}, must be {one_of(kind, KINDS)}")
    try:
        resource: Resource = _adapter(kind).validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DocumentError(f"{kind}: {place or 'the document'}: {first['msg']}") from error
    return resource
