"""A traced request as spans, by OpenTelemetry's stable semantic conventions for HTTP.

    GET (server)              the request in the load balancer
      queue                   the wait for a slot
      cold start              the wait for an instance to start or to become active
      GET (client)            the time at an instance; named `upstream` for a simulated instance, which is no server
        ~ answer head         an event: the response began

Waits are sequential, so a queue span may occur twice: before an instance was requested, and after its start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.semconv.attributes import (
    client_attributes,
    error_attributes,
    http_attributes,
    network_attributes,
    server_attributes,
    url_attributes,
    user_agent_attributes,
)
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from simulator.records.request_trace import RequestTrace
from simulator.telemetry.otlp.figures import PREFIX, SERVICE

INSTANCE: Final = f"{PREFIX}.instance.id"
DECISION: Final = f"{PREFIX}.decision"
CAUSE: Final = f"{PREFIX}.cause"

# RFC 9110 and RFC 5789; the conventions require _OTHER for every other method.
_METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_NS: Final = 1e9
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
# Query parameters that the conventions require to be hidden, because they grant access.
_SECRETS: Final = re.compile(r"((?:^|&)(?:AWSAccessKeyId|Signature|sig|X-Goog-Signature)=)[^&]*")


def spans_of(
    trace: RequestTrace, resource: Resource, scope: InstrumentationScope, new_id: Callable[[], int]
) -> list[ReadableSpan]:
    """Return the spans, that of the request first. `new_id` returns random ids of 64 bits, other than 0."""

    def span(
        name: str,
        own_id: int,
        parent_id: int,
        times_s: tuple[float, float],
        attributes: dict[str, str | int],
        kind: SpanKind = SpanKind.INTERNAL,
        events: Iterable[Event] = (),
        *,
        failed: bool = False,
    ) -> ReadableSpan:
        parent = None
        if parent_id:
            remote = parent_id == trace.parent_id
            parent = SpanContext(trace.trace_id, parent_id, is_remote=remote, trace_flags=_SAMPLED)
        return ReadableSpan(
            name=name,
            context=SpanContext(trace.trace_id, own_id, is_remote=False, trace_flags=_SAMPLED),
            parent=parent,
            resource=resource,
            attributes=attributes,
            events=tuple(events),
            kind=kind,
            status=Status(StatusCode.ERROR) if failed else Status(),
            start_time=_ns(trace, times_s[0]),
            end_time=_ns(trace, times_s[1]),
            instrumentation_scope=scope,
        )

    name = trace.method if trace.method in _METHODS else "HTTP" if trace.method else "request"
    own_id = new_id()
    spans = [
        span(
            name,
            own_id,
            trace.parent_id,
            (trace.arrived_s, trace.ended_s),
            _server_attributes(trace),
            SpanKind.SERVER,
            failed=trace.status >= 500 or trace.status == 0,
        )
    ]
    spans += [
        span(wait.kind, new_id(), own_id, (wait.from_s, wait.to_s), {SERVICE: trace.service}) for wait in trace.waits
    ]
    if trace.begun_s >= 0:
        begun = [Event("answer head", timestamp=_ns(trace, trace.answered_s))] if trace.answered_s >= 0 else []
        spans.append(
            span(
                name if trace.upstream else "upstream",
                trace.upstream_id,
                own_id,
                (trace.begun_s, trace.ended_s),
                _upstream_attributes(trace),
                SpanKind.CLIENT if trace.upstream else SpanKind.INTERNAL,
                begun,
                failed=trace.status >= 400 or trace.status == 0,
            )
        )
    return spans


def _server_attributes(trace: RequestTrace) -> dict[str, str | int]:
    path, _, query = trace.target.partition("?")
    host, port = _host_port(trace.authority)
    return _without_empty(
        {
            **_request(trace),
            url_attributes.URL_SCHEME: trace.scheme,
            url_attributes.URL_PATH: path,
            url_attributes.URL_QUERY: _SECRETS.sub(r"\1REDACTED", query),
            server_attributes.SERVER_ADDRESS: host,
            server_attributes.SERVER_PORT: port or trace.port,
            client_attributes.CLIENT_ADDRESS: trace.client,
            network_attributes.NETWORK_PEER_ADDRESS: trace.peer,
            network_attributes.NETWORK_PROTOCOL_VERSION: f"1.{trace.minor}" if trace.method else "",
            user_agent_attributes.USER_AGENT_ORIGINAL: trace.user_agent,
            error_attributes.ERROR_TYPE: _error_type(trace, from_status=500),
            DECISION: trace.decision,
            CAUSE: trace.cause,
        }
    )


def _upstream_attributes(trace: RequestTrace) -> dict[str, str | int]:
    host, port = _host_port(trace.upstream)
    path, mark, query = trace.target.partition("?")
    query = _SECRETS.sub(r"\1REDACTED", query)
    return _without_empty(
        {
            **_request(trace),
            url_attributes.URL_FULL: f"http://{trace.upstream}{path}{mark}{query}" if trace.upstream else "",
            server_attributes.SERVER_ADDRESS: host,
            server_attributes.SERVER_PORT: port,
            network_attributes.NETWORK_PROTOCOL_VERSION: "1.1" if trace.upstream else "",
            http_attributes.HTTP_REQUEST_RESEND_COUNT: max(0, trace.attempts - 1),
            error_attributes.ERROR_TYPE: _error_type(trace, from_status=400),
        }
    )


def _request(trace: RequestTrace) -> dict[str, str | int]:
    """Return the attributes that the server span and the client span share."""
    is_known = trace.method in _METHODS or not trace.method
    return {
        http_attributes.HTTP_REQUEST_METHOD: trace.method if is_known else "_OTHER",
        http_attributes.HTTP_REQUEST_METHOD_ORIGINAL: "" if is_known else trace.method,
        http_attributes.HTTP_RESPONSE_STATUS_CODE: trace.status,
        SERVICE: trace.service,
        INSTANCE: trace.instance,
    }


def _error_type(trace: RequestTrace, from_status: int) -> str:
    """Return the cause if there is one, else the status. The conventions require few different values."""
    if trace.status >= from_status or trace.status == 0:
        return trace.cause.replace(" ", "_") or str(trace.status)
    return ""


def _without_empty(attributes: dict[str, str | int]) -> dict[str, str | int]:
    """Remove unknown values and zeros, because no port, status or retry count is 0."""
    return {key: value for key, value in attributes.items() if value}


def _host_port(authority: str) -> tuple[str, int]:
    """Split the authority into host and port; 0 if there is no port."""
    host, colon, port = authority.rpartition(":")
    if colon and port.isdecimal():
        return host, int(port)
    return authority, 0


def _ns(trace: RequestTrace, time_s: float) -> int:
    return int((time_s + trace.offset_s) * _NS)
