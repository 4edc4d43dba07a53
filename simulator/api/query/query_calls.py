"""Calls of CloudFormation and STS: from a form to XML. Imported with the first such call."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from simulator.api.calls import ApiCalls
from simulator.api.query.query_protocol import QueryProtocol, query_protocol
from simulator.api.query.query_services import STS, action_of
from simulator.control.principal import Principal
from simulator.model.resources.api_error import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.api.role_sessions import RoleSessions

_log = logging.getLogger(__name__)

_BROKEN: Final = ApiError("InternalFailure", "An unexpected failure occurred.")


@dataclass(frozen=True, slots=True)
class StsCalls:
    """What STS needs: the sessions of roles, if there are any, and the time in seconds since 1970."""

    sessions: RoleSessions | None
    now_s: float

    def answer(self, operation: str, request: dict[str, Any], principal: Principal) -> dict[str, Any]:
        if operation == "GetCallerIdentity":
            return _identity(principal)
        sessions = self.sessions
        if sessions is None:
            from simulator.api.role_sessions import RoleSessions  # noqa: PLC0415 only for AssumeRole

            sessions = RoleSessions(())
        return sessions.assume(principal, request, self.now_s)


async def query_answer(
    calls: ApiCalls, service: str, content: bytes, request_id: str, caller: Callable[[], Principal], sts: StsCalls
) -> tuple[int, bytes]:
    """Return the status and the body of a response. `caller` returns the principal and raises ApiError."""
    protocol = query_protocol(service)
    try:
        return 200, await _answer(calls, protocol, service, content, request_id, caller(), sts)
    except ApiError as error:
        return error.status, protocol.rejection(error, request_id)
    except Exception:  # noqa: BLE001 a bug: the client gets a 500, and the log has the details
        _log.exception("request %s broke", request_id)
        return 500, protocol.rejection(_BROKEN, request_id)


async def _answer(
    calls: ApiCalls,
    protocol: QueryProtocol,
    service: str,
    content: bytes,
    request_id: str,
    principal: Principal,
    sts: StsCalls,
) -> bytes:
    try:
        operation, request = protocol.request(content)
    except ApiError as error:
        operation = action_of(content)
        if service != STS and operation in calls.stacks.names:
            # Without the request's content, which may contain anything, including secrets under a wrong name.
            calls.stacks.rejected(principal, operation, {}, error)
        raise
    if service == STS:
        return protocol.response(operation, sts.answer(operation, request, principal), request_id)
    given = await calls.stacks.with_sources(principal, operation, request)
    return protocol.response(operation, calls.stacks.handle(principal, operation, given), request_id)


def _identity(principal: Principal) -> dict[str, Any]:
    """Return the response of GetCallerIdentity, which requires no permission."""
    identity = principal.identity
    arn = f"arn:aws:iam::{principal.account}:user/simulator" if identity is None else identity.arn
    return {"UserId": principal.access_key, "Account": principal.account, "Arn": arn}
