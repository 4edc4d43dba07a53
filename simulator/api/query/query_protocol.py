"""AWS's query protocol: requests are forms with members such as `Tags.member.1.Key`, responses are XML.

Members and their types are those in botocore's service models, as with App Runner's own protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from simulator.api.service_model import load_model
from simulator.api.validators import validator_of
from simulator.api.violations import Violations
from simulator.model.resources.api_error import ApiError

XML: Final = "text/xml"
_FIELDS_MAX: Final = 10_000
_ITEMS_MAX: Final = 1000  # maximum number of items in a list
_HEADER: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'

Shape = Mapping[str, Any]
Fields = dict[str, Any]  # a tree of names whose leaves are texts


class QueryProtocol:
    """The protocol of one service, by its name and version in botocore."""

    def __init__(self, service: str, version: str) -> None:
        model = load_model(service, version)
        self._operations: Mapping[str, Any] = model["operations"]
        self._shapes: Mapping[str, Shape] = model["shapes"]
        self._namespace: str = model["metadata"]["xmlNamespace"]

    def request(self, content: bytes) -> tuple[str, dict[str, Any]]:
        """Return the operation and its validated request. Raises ApiError."""
        fields = _fields(content)
        operation = fields.pop("Action", "")
        fields.pop("Version", None)
        if not isinstance(operation, str) or operation not in self._operations:
            raise ApiError("InvalidAction", f"Could not find operation {str(operation)[:100]}")
        if "input" not in self._operations[operation]:
            return operation, {}
        name = self._operations[operation]["input"]["shape"]
        given, violations = self._value(name, fields), Violations()
        try:
            request = validator_of(name, self._shapes)(given, "", violations)
            violations.reject()
        except ApiError as error:
            raise ApiError("ValidationError", error.message) from error
        return operation, dict(request)

    def response(self, operation: str, answer: Mapping[str, Any], request_id: str) -> bytes:
        result = ""
        if "output" in self._operations[operation]:
            output = self._operations[operation]["output"]
            wrapper = output.get("resultWrapper", f"{operation}Result")
            result = f"<{wrapper}>{self._members(output['shape'], answer)}</{wrapper}>"
        metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        name = f"{operation}Response"
        return f'{_HEADER}<{name} xmlns="{self._namespace}">{result}{metadata}</{name}>'.encode()

    def rejection(self, error: ApiError, request_id: str) -> bytes:
        kind = "Receiver" if error.is_fault else "Sender"
        detail = f"<Type>{kind}</Type><Code>{escape(error.code)}</Code><Message>{_text(error.explained)}</Message>"
        body = f"<Error>{detail}</Error><RequestId>{request_id}</RequestId>"
        return f'{_HEADER}<ErrorResponse xmlns="{self._namespace}">{body}</ErrorResponse>'.encode()

    # --- requests --------------------------------------------------------------------------------------------------

    def _value(self, name: str, field: Any) -> Any:
        """Convert a field to the type of its shape. Raises ApiError."""
        shape = self._shapes[name]
        kind = shape["type"]
        if kind == "structure":
            members = _tree(field)
            known = shape["members"]
            return {each: self._value(known[each]["shape"], members[each]) for each in members if each in known}
        if kind == "list":
            return self._items(shape, field)
        if not isinstance(field, str):
            raise _malformed()
        if kind == "boolean":
            if field not in {"true", "false"}:
                raise _malformed(f"{field!r}, must be true or false")
            return field == "true"
        if kind in {"integer", "long"}:
            digits = field.removeprefix("-")
            if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
                raise _malformed(f"{field[:40]!r}, must be an integer")
            return int(field)
        return field

    def _items(self, shape: Shape, field: Any) -> list[Any]:
        if field == "":  # botocore writes an empty list in this way
            return []
        items = _tree(_tree(field).get("member", {}))
        numbers = sorted(int(each) for each in items if each.isascii() and each.isdigit() and len(each) < 6)
        if len(numbers) != len(items) or len(items) > _ITEMS_MAX:
            raise _malformed()
        return [self._value(shape["member"]["shape"], items[str(number)]) for number in numbers]

    # --- responses -------------------------------------------------------------------------------------------------

    def _members(self, name: str, value: Mapping[str, Any]) -> str:
        members = self._shapes[name]["members"]
        return "".join(
            f"<{member}>{self._written(members[member]['shape'], each)}</{member}>"
            for member, each in value.items()
            if each is not None
        )

    def _written(self, name: str, value: Any) -> str:
        shape = self._shapes[name]
        kind = shape["type"]
        if kind == "structure":
            return self._members(name, value)
        if kind == "list":
            item = shape["member"]["shape"]
            return "".join(f"<member>{self._written(item, each)}</member>" for each in value)
        if kind == "timestamp":
            return datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return _text(str(value).lower() if isinstance(value, bool) else str(value))


@cache
def query_protocol(service: str) -> QueryProtocol:
    return QueryProtocol(service, {"cloudformation": "2010-05-15", "sts": "2011-06-15"}[service])


def _fields(content: bytes) -> Fields:
    """Return the fields of a form as a tree. Raises ApiError."""
    try:
        pairs = parse_qsl(
            content.decode(), keep_blank_values=True, strict_parsing=False, max_num_fields=_FIELDS_MAX, errors="strict"
        )
    except ValueError as error:
        raise _malformed() from error
    tree: Fields = {}
    for name, value in pairs:
        *parents, leaf = name.split(".")
        branch: Any = tree
        for parent in parents:
            branch = branch.setdefault(parent, {}) if isinstance(branch, dict) else None
        if not isinstance(branch, dict) or leaf in branch:
            raise _malformed()
        branch[leaf] = value
    return tree


def _tree(field: Any) -> Fields:
    if not isinstance(field, dict):
        raise _malformed()
    return field


def _malformed(detail: str = "") -> ApiError:
    return ApiError("MalformedInput", f"The request cannot be read{': ' + detail if detail else ''}")


def _text(text: str) -> str:
    """Escape a text, without the characters that XML cannot contain."""
    return escape("".join(each if each in "\t\n\r" or each >= " " else "\ufffd" for each in text))
