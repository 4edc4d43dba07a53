"""The audit log: every call of App Runner, CloudFormation and AWS WAF as CloudTrail records it (facts 11.5).

A call that changes something is recorded in the same change. Reads and rejected calls are collected and written in
batches, or after a second: writing one record takes more time than answering the call.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

import orjson

from simulator.control.principal import Principal
from simulator.control.state.identifiers import Identifiers
from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.registry import Registry
from simulator.control.state.write_buffer import WriteBuffer
from simulator.control.wall_clock import WallClock, iso_text
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.arn import owner_key_of

HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"
_SECRET: Final = frozenset({"BuildCommand", "StartCommand", "RuntimeEnvironmentVariables", "RuntimeEnvironmentSecrets"})
# CloudTrail has the keys of a stack's parameters without their values, and no template (according to its CloudFormation
# examples).
_LEFT_OUT: Final = frozenset({"FetchedTemplate", "FetchedParameters", "ParameterValue", "TemplateBody"})

# Number of records written in one turn of the event loop, which delays all calls. A commit takes as long as a dozen
# records. With a hundred records at a time, every hundredth call (the 99th percentile) took several times as long as
# the median.
_GATHERED_MAX: Final = 25
_GATHERED_S: Final = 1.0
# size of a typical record; the largest request has a thousand times that, and is written after a second
_CALL_BYTES: Final = 1024


class EventSource(StrEnum):
    """The service whose API was called."""

    APP_RUNNER = "apprunner.amazonaws.com"
    CLOUDFORMATION = "cloudformation.amazonaws.com"
    WAF = "wafv2.amazonaws.com"


class Call(NamedTuple):
    """A call and its result. `answer`: None for rejections and for reads, whose responses CloudTrail omits."""

    principal: Principal
    operation: str
    request: dict[str, Any]
    at: float
    answer: dict[str, Any] | None = None
    error: ApiError | None = None
    source: EventSource = EventSource.APP_RUNNER


class Audit:
    def __init__(self, registry: Registry, identifiers: Identifiers, now: WallClock) -> None:
        self._registry = registry
        self._identifiers = identifiers
        self._now = now
        self._gathered: WriteBuffer[Call] = WriteBuffer(
            self._write_all, "audit records", count_max=_GATHERED_MAX, wait_s=_GATHERED_S
        )

    def record_change(
        self,
        principal: Principal,
        operation: str,
        request: dict[str, Any],
        answer: dict[str, Any],
        source: EventSource = EventSource.APP_RUNNER,
    ) -> None:
        """Record a changing call. Call inside the change that the call makes."""
        self._write(Call(principal, operation, request, self._now(), answer, source=source))

    def gather(
        self,
        principal: Principal,
        operation: str,
        request: dict[str, Any],
        error: ApiError | None = None,
        source: EventSource = EventSource.APP_RUNNER,
    ) -> None:
        """Collect a read or a rejected call, to be written later. Call outside a change."""
        self._gathered.add(Call(principal, operation, request, self._now(), error=error, source=source), _CALL_BYTES)

    def flush(self) -> None:
        """Write the collected records; those that cannot be written are kept."""
        self._gathered.flush()

    def close(self) -> None:
        """Write the remaining records."""
        self._gathered.close()

    def _write_all(self, calls: Sequence[Call]) -> None:
        with self._registry.change():
            for call in calls:
                self._write(call)

    def _write(self, call: Call) -> None:
        owner_key = owner_key_of(call.principal.account, call.principal.region)
        service = call.request.get("ServiceArn") or (call.answer or {}).get("Service", {}).get("ServiceArn", "")
        text = orjson.dumps(_record(call, self._identifiers.uuid("audit"))).decode()
        self._registry.append_entry(LogEntry(EntryKind.AUDIT, call.at, owner_key, service, call.operation, text))


def is_read(operation: str) -> bool:
    return operation.startswith(("Describe", "Get", "List", "Validate"))


def _record(call: Call, event_id: str) -> dict[str, Any]:
    principal = call.principal
    record: dict[str, Any] = {
        "eventVersion": "1.08",
        "userIdentity": _user_identity(principal),
        "eventTime": iso_text(call.at),
        "eventSource": str(call.source),
        "eventName": call.operation,
        "awsRegion": principal.region,
        "sourceIPAddress": principal.source_ip,
        "userAgent": principal.user_agent,
        "requestParameters": _shown(call.request) or None,
        "responseElements": _shown(call.answer) if call.answer else None,
        "requestID": principal.request_id,
        "eventID": event_id,
        "readOnly": is_read(call.operation),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": principal.account,
        "eventCategory": "Management",
    }
    if call.error is not None:
        record |= {"errorCode": call.error.code, "errorMessage": call.error.message}
    return record


def _user_identity(principal: Principal) -> dict[str, str]:
    identity = principal.identity
    arn = f"arn:aws:iam::{principal.account}:user/simulator" if identity is None else identity.arn
    user = "simulator" if identity is None else identity.user
    shown = {
        "type": "IAMUser" if user else "AssumedRole",
        "principalId": principal.access_key,
        "arn": arn,
        "accountId": principal.account,
        "accessKeyId": principal.access_key,
    }
    return shown | {"userName": user} if user else shown


def _shown(value: Any) -> Any:
    """Return a value with names in CloudTrail's camel case, and with commands and variables hidden."""
    if isinstance(value, dict):
        return {
            name[:1].lower() + name[1:]: HIDDEN if name in _SECRET else _shown(each)
            for name, each in value.items()
            if name not in _LEFT_OUT
        }
    if isinstance(value, list):
        return [_shown(each) for each in value]
    return value
