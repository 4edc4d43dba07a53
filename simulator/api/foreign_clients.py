"""Requests to other AWS services that reach this endpoint get a readable error with the variable to set.

`AWS_ENDPOINT_URL` sets the endpoint of all services at once, so that calls of the CLI to EC2, of an application to S3
or of CDK to SSM arrive here. Their clients cannot parse App Runner's JSON ("Unable to parse response ... Further
retries may succeed"). AWS services use six protocols; the head of the request shows the protocol, and the scope of the
signature shows the service. Signatures are not verified, because all clients get the same error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

import orjson

from simulator.api.query.query_services import FORM
from simulator.api.waf_protocol import waf_operation

OWN_SERVICE: Final = "apprunner"
_OWN_TARGET: Final = "apprunner."  # in lower case

STATUS: Final = 400  # clients do not retry this status

# "Credential=AKIDEXAMPLE/20261129/us-east-1/sts/aws4_request"; a signature for several Regions has no Region. The key
# contains no "=", so each character is examined once, however often a text contains "Credential=".
_SCOPE: Final = re.compile(r"Credential=[^/,\s=]*/[0-9]{8}/(?:[a-z0-9-]*/)?([a-z0-9._-]{1,40})/aws4_request")
# services whose error document has the root <Error>
_XML_SERVICES: Final = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})
_REST_XML_SERVICES: Final = _XML_SERVICES | {"route53", "cloudfront"}
_NAMES: Final = {
    "sts": "STS other than AssumeRole and GetCallerIdentity",
    "iam": "IAM",
    "ec2": "EC2",
    "ecr": "ECR",
    "s3": "S3",
    "logs": "CloudWatch Logs",
    "monitoring": "CloudWatch",
    "dynamodb": "DynamoDB",
    "secretsmanager": "Secrets Manager",
    "ssm": "SSM",
    "lambda": "Lambda",
    "wafv2": "AWS WAF other than those that associate a web ACL",
}


@dataclass(frozen=True, slots=True)
class ForeignAnswer:
    """The response. `fields`: header fields in addition to the request id and the server."""

    body: bytes
    content_type: str
    fields: Mapping[str, str]


def foreign_answer(
    raw_path: str, headers: Mapping[str, str], request_id: str, content: bytes | None
) -> ForeignAnswer | None:
    """Return an error in the protocol of the request.

    Return None if the request is for App Runner, or no service can be determined. Lookups in `headers` must ignore
    case.
    """
    target = headers.get("x-amz-target", "")
    if target.lower().startswith(_OWN_TARGET) or waf_operation(target) is not None:
        return None
    _, _, query = raw_path.partition("?")
    service = service_of(headers.get("authorization", ""), query)
    content_type = headers.get("content-type", "")
    is_query = content_type.partition(";")[0].strip().lower() == FORM or "Action" in parse_qs(query)
    is_cbor = headers.get("smithy-protocol", "").lower() == "rpc-v2-cbor"
    if service == OWN_SERVICE or not (service or is_query or is_cbor):
        return None  # the client may be a browser or curl
    message = _message(service)
    if is_cbor:
        return _cbor(message)
    if is_query:
        return _query(message, request_id, is_ec2=service == "ec2" or _is_ec2(content))
    return _named(service, message, request_id, content_type if target else None)


def _named(service: str, message: str, request_id: str, json_type: str | None) -> ForeignAnswer:
    """Choose the protocol by the service if the head does not show it.

    `json_type`: content type of a request with a target.
    """
    if json_type is not None:
        return _json(message, json_type)
    if service in _REST_XML_SERVICES:
        return _rest_xml(message, request_id, alone=service in _XML_SERVICES)
    return _rest_json(message)


def service_of(authorization: str, query: str) -> str:
    """Return the service in the signature's scope; empty if the request is not signed."""
    found = _SCOPE.search(authorization) or _SCOPE.search(f"Credential={_presigned(query)}")
    return found[1] if found is not None else ""


def _presigned(query: str) -> str:
    return next(
        (unquote(part.partition("=")[2]) for part in query.split("&") if part.startswith("X-Amz-Credential=")), ""
    )


def _is_ec2(content: bytes | None) -> bool:
    """Detect an unsigned EC2 request by the version of EC2's API."""
    return content is not None and b"Version=2016-11-15" in content


def _message(service: str) -> str:
    whose = f"a call of {_NAMES.get(service, service)}" if service else "a call of another service"
    return (
        f"This endpoint is for App Runner only, and this is {whose}. "
        "Set AWS_ENDPOINT_URL_APPRUNNER to it, and not AWS_ENDPOINT_URL, which is for every service at once."
    )


# --- protocols --------------------------------------------------------------------------------------------------------


def _json(message: str, content_type: str) -> ForeignAnswer:
    content = {"__type": "UnknownOperationException", "message": message}
    kind = "application/x-amz-json-1.0" if "json-1.0" in content_type else "application/x-amz-json-1.1"
    return ForeignAnswer(orjson.dumps(content), kind, {})


def _rest_json(message: str) -> ForeignAnswer:
    error = "UnknownOperationException"
    return ForeignAnswer(orjson.dumps({"message": message}), "application/json", {"x-amzn-errortype": error})


def _cbor(message: str) -> ForeignAnswer:
    content = {"__type": "UnknownOperationException", "message": message}
    body = bytes([0xA0 | len(content)]) + b"".join(_cbor_text(text) for pair in content.items() for text in pair)
    return ForeignAnswer(body, "application/cbor", {"smithy-protocol": "rpc-v2-cbor"})


def _cbor_text(text: str) -> bytes:
    """Encode a text string (RFC 8949, section 3.1): major type 3, with the length in its shortest form."""
    data = text.encode()
    if len(data) < 24:
        return bytes([0x60 | len(data)]) + data
    return (b"\x78" + bytes([len(data)]) if len(data) < 256 else b"\x79" + len(data).to_bytes(2)) + data


def _query(message: str, request_id: str, *, is_ec2: bool) -> ForeignAnswer:
    if is_ec2:
        error = f"<Errors><Error>{_error('InvalidAction', message)}</Error></Errors>"
        return _xml(f"<Response>{error}<RequestID>{request_id}</RequestID></Response>")
    return _xml(_error_response("InvalidAction", message, request_id))


def _rest_xml(message: str, request_id: str, *, alone: bool) -> ForeignAnswer:
    if alone:
        return _xml(f"<Error>{_error('InvalidRequest', message)}<RequestId>{request_id}</RequestId></Error>")
    return _xml(_error_response("InvalidRequest", message, request_id))


def _error_response(code: str, message: str, request_id: str) -> str:
    error = f"<Error><Type>Sender</Type>{_error(code, message)}</Error>"
    return f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"


def _error(code: str, message: str) -> str:
    return f"<Code>{code}</Code><Message>{escape(message)}</Message>"


def _xml(text: str) -> ForeignAnswer:
    return ForeignAnswer(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode(), "text/xml", {})
