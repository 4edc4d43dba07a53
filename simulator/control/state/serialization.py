"""Conversion of resources to JSON documents and back."""

from __future__ import annotations

from functools import cache
from importlib import import_module
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

# These names are stored in every state file, so they do not change when a class is renamed.
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
# The kinds of CloudFormation, whose module is imported only for a state that contains them. Their classes name their
# kind.
_OF_STACKS: Final = MappingProxyType(
    {"stack": "StackResource", "change-set": "ChangeSetResource", "stack-event": "StackEventResource"}
)


class DocumentError(ValueError):
    """A document is of an unknown kind or does not match its kind; the message has the first violation."""


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    """Return the adapter of a kind.

    Created on first use, because creating all nine takes 0.1 s at the start of a server.
    """
    if kind in _OF_STACKS:
        return TypeAdapter(getattr(import_module("simulator.model.resources.stack"), _OF_STACKS[kind]))
    return TypeAdapter(KINDS[kind])


def kind_of(resource: Resource) -> str:
    kind: str | None = _KIND_OF.get(type(resource)) or getattr(resource, "stored_kind", None)
    assert kind is not None, type(resource)
    return kind


def to_json(resource: Resource) -> str:
    return _adapter(kind_of(resource)).dump_json(resource).decode()


def from_json(kind: str, body: str) -> Resource:
    """Return the resource of a stored document. Raises DocumentError."""
    if kind not in KINDS and kind not in _OF_STACKS:
        raise DocumentError(f"kind = {kind!r}, must be {one_of(kind, (*KINDS, *_OF_STACKS))}")
    try:
        resource: Resource = _adapter(kind).validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DocumentError(f"{kind}: {place or 'the document'}: {first['msg']}") from error
    return resource
