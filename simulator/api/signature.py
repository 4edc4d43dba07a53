"""Signature Version 4, server side: parses the signature of a request and verifies it.

Implemented from AWS's description of the protocol ("Create a signed AWS API request" in the IAM user guide). botocore
implements only the client side, and there is no maintained library for the server side.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from simulator.api.access_keys import AccessKey
from simulator.api.service_model import SIGNING_NAME
from simulator.api.waf_protocol import SIGNING_NAME as WAF_SIGNING_NAME
from simulator.api.waf_protocol import waf_operation
from simulator.model.resources.api_error import ApiError

ALGORITHM: Final = "AWS4-HMAC-SHA256"
TERMINATOR: Final = "aws4_request"
SKEW_S_MAX: Final = 300.0  # five minutes in either direction, as in AWS's messages
DATE_FORMAT: Final = "%Y%m%dT%H%M%SZ"

_PARTS: Final = ("Credential", "SignedHeaders", "Signature")
_DATE: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)
_REGION: Final = re.compile(r"[a-z0-9-]{1,63}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
# These headers determine what the request does. All clients sign them; if one is unsigned, it could have been changed
# in transit, so the request is rejected.
_ALWAYS_SIGNED: Final = ("host", "x-amz-date", "x-amz-target", "x-amz-security-token", "x-amz-content-sha256")
_SPACES: Final = re.compile(" +")

Headers = Mapping[str, str]  # as aiohttp provides them: lookups ignore case


class Credential(NamedTuple):
    """The content of the Authorization header: key, scope, signed headers and signature."""

    access_key_id: str
    date: str  # YYYYMMDD
    region: str
    service: str
    terminator: str
    signed_headers: tuple[str, ...]
    signature: str

    @classmethod
    def parse(cls, authorization: str) -> Credential:
        """Parse an Authorization header. Raises ApiError (IncompleteSignatureException)."""
        algorithm, _, rest = authorization.partition(" ")
        if algorithm != ALGORITHM:
            raise ApiError("IncompleteSignatureException", f"Unsupported AWS 'algorithm': must be {ALGORITHM}.")
        parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        missing = [f"Authorization header requires '{name}' parameter." for name in _PARTS if not parts.get(name)]
        if missing:
            raise ApiError("IncompleteSignatureException", " ".join(missing))
        scope = parts["Credential"].rsplit("/", 4)
        if len(scope) != 5:
            raise ApiError("IncompleteSignatureException", "Credential must have exactly 5 slash-delimited elements.")
        access_key_id, date, region, service, terminator = scope
        signed_headers = tuple(parts["SignedHeaders"].split(";"))
        return cls(access_key_id, date, region, service, terminator, signed_headers, parts["Signature"])


class SignedRequest(NamedTuple):
    """A signed request. `path` and `query` are as received, still encoded."""

    method: str
    path: str
    query: str
    headers: Headers
    payload_hash: str  # hash of the body that was read; the header is not used
    service: str = SIGNING_NAME


def verify(credential: Credential, key: AccessKey, request: SignedRequest, now_s: float) -> None:
    """Raise ApiError (403) unless `request` was signed with `key` at about `now_s` (seconds since 1970)."""
    is_waf = waf_operation(request.headers.get("x-amz-target", "")) is not None
    _check_scope(credential, WAF_SIGNING_NAME if is_waf else request.service)
    at = request.headers.get("x-amz-date", "")
    _check_date(credential, at, now_s)
    _check_signed_headers(credential, request.headers)
    announced = request.headers.get("x-amz-content-sha256")
    if announced is not None and announced != request.payload_hash:
        raise _invalid("The x-amz-content-sha256 header does not match the body.")
    _check_token(key, request.headers.get("x-amz-security-token"))
    wanted = signature_of(credential, key.secret_access_key, request, at)
    # Compare in constant time, and only if the text has the form that `compare_digest` accepts.
    if not _SIGNATURE.fullmatch(credential.signature) or not hmac.compare_digest(wanted, credential.signature):
        raise _invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        )


def signature_of(credential: Credential, secret: str, request: SignedRequest, at: str) -> str:
    """Return the signature in lowercase hexadecimal; `at` is the value of x-amz-date."""
    canonical = hashlib.sha256(_canonical(request, credential.signed_headers).encode("utf-8", "surrogateescape"))
    scope = f"{credential.date}/{credential.region}/{credential.service}/{credential.terminator}"
    to_sign = f"{ALGORITHM}\n{at}\n{scope}\n{canonical.hexdigest()}"
    key = _signing_key(secret, credential.date, credential.region, credential.service)
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=256)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Derive the signing key. It is constant for a day and cached, so that a request costs one HMAC instead of five."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _canonical(request: SignedRequest, signed: tuple[str, ...]) -> str:
    headers = request.headers
    lines = "".join([f"{name}:{_one_space(headers.get(name, ''))}\n" for name in signed])
    return "\n".join(
        (
            request.method,
            # for every service except S3, an encoded path is encoded again
            request.path if request.service == "s3" else quote(request.path, safe="/-_.~"),
            _canonical_query(request.query),
            lines,
            ";".join(signed),
            request.payload_hash,
        )
    )


def _one_space(value: str) -> str:
    value = value.strip()
    return _SPACES.sub(" ", value) if "  " in value else value


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = sorted(tuple(_encoded(part) for part in pair.partition("=")[::2]) for pair in query.split("&"))
    return "&".join(f"{name}={value}" for name, value in pairs)


def _encoded(text: str) -> str:
    """Return the text in the protocol's canonical encoding, independent of the encoding of the input."""
    return quote(unquote(text), safe="-_.~")


def _check_scope(credential: Credential, service: str) -> None:
    if credential.service != service:
        raise _invalid(f"Credential should be scoped to correct service: '{service}'.")
    if credential.terminator != TERMINATOR:
        raise _invalid(f"Credential should be scoped with a valid terminator: '{TERMINATOR}'.")
    check_region(credential)


def check_region(credential: Credential) -> None:
    """Raise ApiError (403) if the credential's Region is not a valid Region name."""
    if not _REGION.fullmatch(credential.region):
        raise _invalid("Credential should be scoped to a valid region.")


def _check_date(credential: Credential, at: str, now_s: float) -> None:
    if not _DATE.fullmatch(at):
        raise ApiError("IncompleteSignatureException", "The X-Amz-Date header must be of the form YYYYMMDDTHHMMSSZ.")
    if credential.date != at[:8]:
        raise _invalid(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{credential.date[:20]}' != '{at[:8]}', from '{at}'."
        )
    age_s = now_s - _seconds(at)
    if not -SKEW_S_MAX <= age_s <= SKEW_S_MAX:
        raise _invalid(_skewed(at, now_s, is_early=age_s > 0))


def _skewed(at: str, now_s: float, *, is_early: bool) -> str:
    now, minutes = _text(now_s), f"{SKEW_S_MAX / 60:g} min."
    if is_early:
        return f"Signature expired: {at} is now earlier than {_text(now_s - SKEW_S_MAX)} ({now} - {minutes})"
    return f"Signature not yet current: {at} is still later than {_text(now_s + SKEW_S_MAX)} ({now} + {minutes})"


@lru_cache(maxsize=256)
def _seconds(at: str) -> float:
    """Return a date in seconds since 1970. Cached, because the requests of one second share it. Raises ApiError."""
    try:
        return datetime.strptime(at, DATE_FORMAT).replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise ApiError("IncompleteSignatureException", f"X-Amz-Date = {at}, must be a date.") from error


def _text(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime(DATE_FORMAT)


def _check_signed_headers(credential: Credential, headers: Headers) -> None:
    for name in _ALWAYS_SIGNED:
        if name in headers and name not in credential.signed_headers:
            raise _invalid(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    if "host" not in credential.signed_headers:
        raise _invalid("'host' must be a 'SignedHeader' in the AWS Authorization.")


def _check_token(key: AccessKey, token: str | None) -> None:
    wanted = (key.session_token or "").encode()
    if not hmac.compare_digest(wanted, (token or "").encode("utf-8", "surrogateescape")):
        raise ApiError("UnrecognizedClientException", "The security token included in the request is invalid.")


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidSignatureException", message)
