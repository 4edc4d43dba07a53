"""The calls of S3 with which the CDK and the AWS CLI put templates and files into a bucket: REST with XML.

Addresses have the bucket in the path. All other calls are answered with NotImplemented: an object has one part, no
versions, and no access list.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Final, NamedTuple, NoReturn
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

from simulator.control.assets.object_store import OBJECT_BYTES_MAX, ObjectStore, StoredObject, check_bucket
from simulator.model.resources.api_error import ApiError

_NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"
_KEYS_MAX: Final = 1000  # of a page of ListObjectsV2
_STATUSES: Final = {
    "AccessDenied": 403,
    "EntityTooLarge": 400,
    "InternalError": 500,
    "NoSuchKey": 404,
    "NotImplemented": 501,
}
# Query parameters that do not determine the operation.
_NEUTRAL: Final = frozenset({"x-id", "list-type", "prefix", "max-keys", "encoding-type", "delimiter", "start-after"})


class ObjectAnswer(NamedTuple):
    status: int
    body: bytes = b""
    fields: Mapping[str, str] = {}


class ObjectCall(NamedTuple):
    """A call of S3, read from the request's head. `action`: its IAM action. `parts`: the parameters of the query."""

    method: str
    bucket: str
    key: str
    parts: Mapping[str, str]

    @classmethod
    def of(cls, method: str, raw_path: str) -> ObjectCall:
        path, _, query = raw_path.partition("?")
        bucket, _, key = path.removeprefix("/").partition("/")
        parts = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
        return cls(method, unquote(bucket), unquote(key, errors="surrogateescape"), parts)

    @property
    def action(self) -> str:
        if not self.key:
            return "s3:CreateBucket" if self.method == "PUT" else "s3:ListBucket"
        return {"PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}.get(self.method, "s3:GetObject")

    @property
    def resource(self) -> str:
        return f"arn:aws:s3:::{self.bucket}/{self.key}" if self.key else f"arn:aws:s3:::{self.bucket}"


def object_answer(
    store: ObjectStore, call: ObjectCall, region: str, headers: Mapping[str, str], content: bytes | None, now: float
) -> ObjectAnswer:
    """Return the answer to a call. `content`: None if the body was too large. Raises ApiError and OSError."""
    special = sorted(set(call.parts) - _NEUTRAL)
    if not call.bucket:
        if call.method != "GET":
            _not_here(call)
        return _buckets(store)
    check_bucket(call.bucket)
    if not call.key:
        return _of_bucket(store, call, special, region)
    if special or "x-amz-copy-source" in headers:
        _not_here(call)
    if call.method == "PUT":
        if content is None:
            raise ApiError("EntityTooLarge", f"An object may have {OBJECT_BYTES_MAX} bytes here, in one part")
        stored = store.put(call.bucket, call.key, _plain(headers, content), now)
        return ObjectAnswer(200, fields={"ETag": stored.etag})
    if call.method == "DELETE":
        store.remove(call.bucket, call.key)
        return ObjectAnswer(204)
    if call.method not in {"GET", "HEAD"}:
        _not_here(call)
    found = store.get(call.bucket, call.key)
    if found is None:
        raise ApiError("NoSuchKey", "The specified key does not exist.")
    fields = {
        "ETag": found.etag,
        "Last-Modified": formatdate(found.changed_at, usegmt=True),
        "Content-Type": "binary/octet-stream",
    }
    return ObjectAnswer(200, found.content, fields)


def object_rejection(error: ApiError, request_id: str) -> ObjectAnswer:
    detail = f"<Code>{error.code}</Code><Message>{escape(error.explained)}</Message><RequestId>{request_id}</RequestId>"
    return _xml(f"<Error>{detail}</Error>", _STATUSES.get(error.code, error.status))


def _of_bucket(store: ObjectStore, call: ObjectCall, special: list[str], region: str) -> ObjectAnswer:
    if call.method == "HEAD" and not special:
        return ObjectAnswer(200, fields={"x-amz-bucket-region": region})
    if call.method == "PUT" and not special:
        return ObjectAnswer(200, fields={"Location": f"/{call.bucket}"})
    if call.method != "GET":
        _not_here(call)
    if special == ["location"]:
        place = "" if region == "us-east-1" else region  # S3 has no location constraint for this Region
        return _xml(f'<LocationConstraint xmlns="{_NAMESPACE}">{place}</LocationConstraint>')
    if special == ["encryption"]:
        name, default = "ServerSideEncryptionConfiguration", "ApplyServerSideEncryptionByDefault"
        rule = f"<Rule><{default}><SSEAlgorithm>AES256</SSEAlgorithm></{default}></Rule>"
        return _xml(f'<{name} xmlns="{_NAMESPACE}">{rule}</{name}>')
    if special:
        _not_here(call)
    return _listed(store, call)


def _listed(store: ObjectStore, call: ObjectCall) -> ObjectAnswer:
    prefix, asked = call.parts.get("prefix", ""), call.parts.get("max-keys", "")
    most = min(int(asked), _KEYS_MAX) if asked.isascii() and asked.isdigit() and len(asked) < 6 else _KEYS_MAX
    after = call.parts.get("start-after", "")
    found = [each for each in store.listed(call.bucket, prefix) if each.key > after]
    page = found[:most]
    contents = "".join(_content(each) for each in page)
    return _xml(
        f'<ListBucketResult xmlns="{_NAMESPACE}"><Name>{call.bucket}</Name><Prefix>{_text(prefix)}</Prefix>'
        f"<KeyCount>{len(page)}</KeyCount><MaxKeys>{most}</MaxKeys>"
        f"<IsTruncated>{str(len(page) < len(found)).lower()}</IsTruncated>{contents}</ListBucketResult>"
    )


def _content(each: StoredObject) -> str:
    at = datetime.fromtimestamp(each.changed_at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        f"<Contents><Key>{_text(each.key)}</Key><LastModified>{at}</LastModified><ETag>{escape(each.etag)}</ETag>"
        f"<Size>{len(each.content)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
    )


def _buckets(store: ObjectStore) -> ObjectAnswer:
    names = "".join(f"<Bucket><Name>{each}</Name></Bucket>" for each in store.buckets())
    return _xml(f'<ListAllMyBucketsResult xmlns="{_NAMESPACE}"><Buckets>{names}</Buckets></ListAllMyBucketsResult>')


def _not_here(call: ObjectCall) -> NoReturn:
    parts = "&".join(sorted(call.parts))
    raise ApiError(
        "NotImplemented",
        f"{call.method} {'of an object' if call.key else 'of a bucket'}{' with ?' + parts if parts else ''} is not "
        "supported here. This store keeps templates and files for CloudFormation: it has one part for an object, no "
        "copies, versions and access lists.",
    )


def _plain(headers: Mapping[str, str], content: bytes) -> bytes:
    """Return the object that a body contains, possibly with the encoding `aws-chunked`. Raises ApiError."""
    is_chunked = "aws-chunked" in headers.get("content-encoding", "") or headers.get(
        "x-amz-content-sha256", ""
    ).startswith("STREAMING-")
    if not is_chunked:
        return content
    plain, rest = bytearray(), content
    while True:
        head, separator, rest = rest.partition(b"\r\n")
        digits = head.partition(b";")[0]
        try:
            size = int(digits, 16) if separator and digits.isalnum() else -1
        except ValueError:
            size = -1
        if size < 0 or len(rest) < size:
            raise ApiError("IncompleteBody", "The chunks of the body are not complete.")
        if size == 0:
            return bytes(plain)
        plain += rest[:size]
        rest = rest[size:].removeprefix(b"\r\n")


def _text(text: str) -> str:
    return escape("".join(each if each in "\t\n\r" or each >= " " else "\ufffd" for each in text))


def _xml(text: str, status: int = 200) -> ObjectAnswer:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode("utf-8", "replace")
    return ObjectAnswer(status, body, {"Content-Type": "application/xml"})
