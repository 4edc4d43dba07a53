"""Answers calls of S3 and SSM that belong to the deployment of a stack. Imported with the first of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson

from simulator.api.assets.object_protocol import ObjectAnswer, ObjectCall, object_answer, object_rejection
from simulator.api.service_model import parse_body
from simulator.control.access_requests import general_keys
from simulator.control.principal import Principal
from simulator.model.resources.api_error import ApiError
from simulator.rules.iam.access_request import AccessRequest
from simulator.rules.iam.evaluation import decide

if TYPE_CHECKING:
    from simulator.control.assets.template_sources import TemplateSources

_log = logging.getLogger(__name__)

_JSON: Final = {"Content-Type": "application/x-amz-json-1.1"}
_BROKEN: Final = ApiError("InternalError", "An unexpected failure occurred.")


async def s3_answer(
    sources: TemplateSources,
    call: ObjectCall,
    headers: Mapping[str, str],
    content: bytes | None,
    request_id: str,
    caller: Callable[[], Principal],
    now: float,
) -> ObjectAnswer:
    """Return the answer to a call of S3. `caller` identifies the caller and raises ApiError."""
    try:
        principal = caller()
        _check(principal, call.action, call.resource, now)
        return await asyncio.get_running_loop().run_in_executor(
            None, object_answer, sources.store, call, principal.region, headers, content, now
        )
    except ApiError as error:
        return object_rejection(error, request_id)
    except OSError as error:
        return object_rejection(ApiError("InternalError", f"The object store: {error.strerror}."), request_id)
    except Exception:  # noqa: BLE001 a bug: the client gets a 500, and the log has the details
        _log.exception("request %s broke", request_id)
        return object_rejection(_BROKEN, request_id)


async def ssm_answer(
    sources: TemplateSources, content: bytes, caller: Callable[[], Principal], now: float
) -> ObjectAnswer:
    """Return the answer to GetParameter of SSM."""
    try:
        answer = await _parameter(sources, content, caller(), now)
    except ApiError as error:
        return ObjectAnswer(error.status, orjson.dumps({"__type": error.code, "message": error.explained}), _JSON)
    return ObjectAnswer(200, orjson.dumps(answer), _JSON)


async def _parameter(sources: TemplateSources, content: bytes, principal: Principal, now: float) -> dict[str, Any]:
    request = parse_body(content)
    name = request.get("Name") if isinstance(request, dict) else None
    if not isinstance(name, str) or not name:
        raise ApiError("ValidationException", "Name must be given.")
    arn = f"arn:aws:ssm:{principal.region}:{principal.account}:parameter/{name.removeprefix('/')}"
    _check(principal, "ssm:GetParameter", arn, now)
    value = await sources.parameter(name)
    if value is None:
        raise ApiError("ParameterNotFound", f"Parameter {name} not found.", "those here are of `aws:` of serve")
    parameter = {
        "Name": name,
        "Type": "String",
        "Value": value,
        "Version": 1,
        "LastModifiedDate": now,
        "ARN": arn,
        "DataType": "text",
    }
    return {"Parameter": parameter}


def _check(principal: Principal, action: str, resource: str, now: float) -> None:
    """Raise ApiError unless the caller's policies allow the action."""
    identity = principal.identity
    if identity is None or not identity.is_limited:
        return
    decision = decide(identity, AccessRequest.of(action, resource, general_keys(principal, identity, resource, now)))
    if not decision.allowed:
        raise ApiError("AccessDenied", decision.sentence(identity.arn))
