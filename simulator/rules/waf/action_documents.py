"""Reads actions of rules: what happens to a request, the response to it, and the header fields inserted into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simulator.model.rejection import WAF_BLOCKED, Rejection
from simulator.rules.waf.json_node import JsonNode
from simulator.rules.waf.statement_documents import StatementReader
from simulator.rules.waf.web_acl import Fields, WafAction

_INSERTED_MAX: Final = 10  # header fields that one action may insert
_PREFIX: Final = b"x-amzn-waf-"  # AWS adds this prefix to their names
ACTIONS: Final = ("Allow", "Block", "Count", "Captcha", "Challenge")
_CONTENT_TYPES: Final = {
    "TEXT_PLAIN": "text/plain",
    "TEXT_HTML": "text/html",
    "APPLICATION_JSON": "application/json",
}
# Header fields that the load balancer sets itself, or that WAF derives from the body.
_OWN_FIELDS: Final = frozenset({"connection", "content-length", "content-type", "date", "server", "transfer-encoding"})


def action_of(
    node: JsonNode, reader: StatementReader, bodies: Mapping[str, tuple[str, str]]
) -> tuple[WafAction, Rejection, Fields]:
    """Return the action, the response if it blocks, and the header fields that it inserts if it does not block."""
    chosen, settings = node.choice(ACTIONS)
    match chosen:
        case "Allow":
            return WafAction.ALLOW, WAF_BLOCKED, inserted_by(settings)
        case "Block":
            return WafAction.BLOCK, response_of(settings, bodies), ()
        case "Count":
            return WafAction.COUNT, WAF_BLOCKED, inserted_by(settings)
        case _:
            reader.gaps.append(f"{node.place}: {chosen}")
            return WafAction.NOT_EVALUATED, WAF_BLOCKED, ()


def inserted_by(settings: JsonNode) -> Fields:
    """Return the header fields that an action inserts into requests that pass, in lower case, with AWS's prefix."""
    handling = settings.members(("CustomRequestHandling",)).get("CustomRequestHandling")
    if handling is None:
        return ()
    listed = handling.members(("InsertHeaders",), ("InsertHeaders",))["InsertHeaders"]
    pairs = [each.members(("Name", "Value"), ("Name", "Value")) for each in listed.items(1, _INSERTED_MAX)]
    return tuple((_PREFIX + _token(pair["Name"]).lower().encode(), _one_line(pair["Value"]).encode()) for pair in pairs)


def response_of(settings: JsonNode, bodies: Mapping[str, tuple[str, str]]) -> Rejection:
    """Return the response of an action that blocks. `bodies` is a result of `bodies_of`."""
    custom = settings.members(("CustomResponse",)).get("CustomResponse")
    if custom is None:
        return WAF_BLOCKED
    members = custom.members(("ResponseCode", "CustomResponseBodyKey", "ResponseHeaders"), ("ResponseCode",))
    content_type, text = "", ""
    if (key := members.get("CustomResponseBodyKey")) is not None:
        content_type, text = bodies[key.word(tuple(bodies))]
    fields = [("content-type", content_type)] if content_type else []
    for each in members["ResponseHeaders"].items(1, 10) if "ResponseHeaders" in members else ():
        pair = each.members(("Name", "Value"), ("Name", "Value"))
        if (name := _token(pair["Name"])).lower() in _OWN_FIELDS:
            raise pair["Name"].wrong(f"none of {', '.join(sorted(_OWN_FIELDS))}")
        fields.append((name, _one_line(pair["Value"])))
    # ASSUMPTION: a custom response without a body has no content type. One such response of AWS settles it.
    return Rejection(WAF_BLOCKED.name, members["ResponseCode"].number(200, 599), text, fields=tuple(fields))


def _token(node: JsonNode) -> str:
    text = node.text()
    if not all(each.isascii() and (each.isalnum() or each in "-_$") for each in text):
        raise node.wrong("a name of a header field: letters, digits, -, _ and $")
    return text


def _one_line(node: JsonNode) -> str:
    text = node.text()
    if not text.isprintable() or not text.isascii():
        raise node.wrong("printable ASCII")
    return text


def bodies_of(node: JsonNode | None) -> Mapping[str, tuple[str, str]]:
    """Return the custom response bodies: (content type, body) by key."""
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        raise node.wrong("an object")
    bodies = {}
    for key, entry in node.members(tuple(node.value)).items():
        members = entry.members(("ContentType", "Content"), ("ContentType", "Content"))
        bodies[key] = (_CONTENT_TYPES[members["ContentType"].word(tuple(_CONTENT_TYPES))], members["Content"].text())
    return bodies
