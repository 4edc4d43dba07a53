"""CloudFormation's handlers of App Runner types: the calls that create, read, update and delete a resource.

They are made like a client's calls, with the permissions of the caller of the stack's operation (facts 15.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

from simulator.control.principal import Principal
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.stack import StackMember
from simulator.rules.cloudformation.accepted_types import Owner, accepted_name, accepted_values
from simulator.rules.cloudformation.resource_types import RESOURCE_TYPES, ResourceType

Call = Callable[[Principal, str, dict[str, Any]], dict[str, Any]]

_NOT_FOUND: Final = "ResourceNotFoundException"
_DELETED_BEFORE: Final = ("has been deleted", "current state: DELETED")
# ASSUMPTION: the handlers' codes for the API's errors; only InvalidRequest and NotStabilized occur in reports. A
# rejected call of each kind in a stack on AWS would settle it.
_CODES: Final[Mapping[str, str]] = {
    "AccessDeniedException": "AccessDenied",
    "InternalServiceErrorException": "ServiceInternalError",
    "InvalidRequestException": "InvalidRequest",
    _NOT_FOUND: "NotFound",
    "ServiceQuotaExceededException": "ServiceLimitExceeded",
}


class HandlerState(Enum):
    READY = auto()
    PENDING = auto()
    FAILED = auto()
    GONE = auto()


@dataclass(frozen=True, slots=True)
class HandledResource:
    """A resource as a handler has read it."""

    state: HandlerState
    physical_id: str
    ref: str
    attributes: dict[str, str] = field(default_factory=dict)


class ResourceHandlers:
    """The handlers. `call` makes a call of App Runner's API."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def create(self, principal: Principal, member: StackMember, tags: Mapping[str, str]) -> HandledResource:
        """Create the resource with the name `member.name`; `tags`: those of the stack. Raises ApiError."""
        kind = RESOURCE_TYPES.get(member.type)
        if kind is None:
            return self._accepted(principal, member)
        own = {each["Key"]: each["Value"] for each in member.request.get("Tags", ())}
        merged = [{"Key": key, "Value": value} for key, value in {**tags, **own}.items()]
        request = {**member.request, kind.name_member: member.name} | ({"Tags": merged} if merged else {})
        return _handled(kind, self._call(principal, f"Create{kind.noun}", request)[kind.noun])

    def read(self, principal: Principal, member: StackMember) -> HandledResource:
        """Return the current resource. Raises ApiError."""
        kind = RESOURCE_TYPES.get(member.type)
        if kind is None:
            return self._accepted(principal, member)
        try:
            answer = self._call(principal, f"Describe{kind.noun}", {kind.arn: member.physical_id})
        except ApiError as error:
            if error.code == _NOT_FOUND:
                return HandledResource(HandlerState.GONE, member.physical_id, member.ref)
            raise
        return _handled(kind, answer[kind.noun])

    def update(self, principal: Principal, member: StackMember, request: Mapping[str, Any]) -> HandledResource:
        """Update the resource to `request`. Properties that are not in `request` stay unchanged. Raises ApiError."""
        kind = RESOURCE_TYPES.get(member.type)
        if kind is None:
            return self._accepted(principal, member, request)
        # ASSUMPTION: a property that is no longer in the template is not sent and so stays unchanged, also in a
        # rollback; changed tags of the stack do not reach the resource (facts 15.2 has only the calls). A change of
        # such a stack on AWS would settle both.
        sent = {name: value for name, value in request.items() if name not in kind.create_only}
        answer = self._call(principal, f"Update{kind.noun}", {kind.arn: member.physical_id} | sent)
        return _handled(kind, answer[kind.noun])

    def delete(self, principal: Principal, member: StackMember) -> bool:
        """Begin to delete the resource. Return False if it must wait for another operation. Raises ApiError."""
        kind = RESOURCE_TYPES.get(member.type)
        if kind is None:
            return True
        try:
            self._call(principal, f"Delete{kind.noun}", {kind.arn: member.physical_id})
        except ApiError as error:
            if error.code == "InvalidStateException" and "OPERATION_IN_PROGRESS" in error.message:
                return False
            if error.code != _NOT_FOUND and not any(text in error.message for text in _DELETED_BEFORE):
                raise
        return True

    def is_gone(self, principal: Principal, member: StackMember) -> bool | None:
        """Return True if a deletion has ended, False while it runs, None if it failed. Raises ApiError."""
        if member.type not in RESOURCE_TYPES:
            return True
        state = self.read(principal, member).state
        return {HandlerState.GONE: True, HandlerState.PENDING: False}.get(state)

    def made_before(self, principal: Principal, member: StackMember) -> HandledResource | None:
        """Return the resource that a run created before it was killed and could record it; None if there is none.
        Raises ApiError.
        """
        kind = RESOURCE_TYPES.get(member.type)
        if kind is None:
            return None
        listed = self._call(principal, _LISTS[kind.noun], _LISTED_WITH.get(kind.noun, {}))
        (items,) = (each for each in listed.values() if isinstance(each, list))
        for item in items:
            arn = item[kind.arn]
            if item.get(kind.name_member, "") != member.name and f"/{member.name}/" not in arn:
                continue
            found = self._call(principal, f"Describe{kind.noun}", {kind.arn: arn})[kind.noun]
            if found["CreatedAt"] >= member.started_at:
                return _handled(kind, found)
        return None

    def _accepted(
        self, principal: Principal, member: StackMember, request: Mapping[str, Any] | None = None
    ) -> HandledResource:
        properties = member.request if request is None else request
        owner = Owner(principal.account, principal.region)
        ref, attributes = accepted_values(member.type, member.name, properties, owner)
        return HandledResource(HandlerState.READY, member.name, ref, attributes)


_LISTS: Final = {
    "AutoScalingConfiguration": "ListAutoScalingConfigurations",
    "ObservabilityConfiguration": "ListObservabilityConfigurations",
    "Service": "ListServices",
    "VpcConnector": "ListVpcConnectors",
    "VpcIngressConnection": "ListVpcIngressConnections",
}
_LISTED_WITH: Final[Mapping[str, dict[str, Any]]] = {
    "AutoScalingConfiguration": {"LatestOnly": False},
    "ObservabilityConfiguration": {"LatestOnly": False},
}


def explicit_name(kind: str, request: Mapping[str, Any]) -> str:
    """Return the name that a template specifies for a resource; empty if a name must be generated."""
    known = RESOURCE_TYPES.get(kind)
    return accepted_name(kind, request) if known is None else str(request.get(known.name_member, ""))


def name_length(kind: str) -> int:
    known = RESOURCE_TYPES.get(kind)
    return 64 if known is None else known.name_length


def handler_reason(error: ApiError, token: str) -> str:
    """Return the reason for the stack event of a rejected call."""
    code = _CODES.get(error.code, "GeneralServiceException")
    return handler_message(error.explained, token, code)


def handler_message(message: str, token: str, code: str) -> str:
    return f'Resource handler returned message: "{message}" (RequestToken: {token}, HandlerErrorCode: {code})'


def not_stabilized(member: StackMember, token: str) -> str:
    message = f"Resource of type '{member.type}' with identifier '{member.physical_id}' did not stabilize."
    return handler_message(message, token, "NotStabilized")


def _handled(kind: ResourceType, answer: Mapping[str, Any]) -> HandledResource:
    status = answer["Status"]
    state = HandlerState.FAILED
    for states, each in (
        (kind.ready, HandlerState.READY),
        (kind.pending, HandlerState.PENDING),
        (kind.gone, HandlerState.GONE),
    ):
        state = each if status in states else state
    attributes = {name: _text(answer[name]) for name in kind.attributes if name in answer}
    return HandledResource(state, answer[kind.arn], answer[kind.arn], attributes)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
