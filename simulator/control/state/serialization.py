"""Resources as JSON documents and back."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from simulator.model.resources.api_resources import (
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
from simulator.model.text.problems import one_of

# These names are stored in every state file: they do not change with the names of the classes.
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
    """A document is of an unknown kind or does not match its kind; the message names the first violation."""


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    """Return the adapter of a kind. Created on first use: creating all nine takes 0.1 s of a server's start."""
    return TypeAdapter(KINDS[kind])


def kind_of(resource: Resource) -> str:
    return _KIND_OF[type(resource)]


def to_json(resource: Resource) -> str:
    return _adapter(kind_of(resource)).dump_json(resource).decode()


def from_json(kind: str, body: str) -> Resource:
    """Return the resource of a stored document. Raises DocumentError."""
    if kind not in KINDS:
        raise DocumentError(f"kind = {kind!r}, must be {one_of(kind, KINDS)}")
    try:
        resource: Resource = _adapter(kind).validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DocumentError(f"{kind}: {place or 'the document'}: {first['msg']}") from error
    return resource
