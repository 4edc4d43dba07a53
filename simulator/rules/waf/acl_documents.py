"""Reads web ACLs, IP sets and regex pattern sets: the JSON that `aws wafv2 get-...` prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from simulator.model.rejection import WAF_BLOCKED, Rejection
from simulator.rules.waf.addresses import AddressSet
from simulator.rules.waf.json_node import JsonNode, label_text
from simulator.rules.waf.patterns import Search
from simulator.rules.waf.statement_documents import StatementReader, pattern_of
from simulator.rules.waf.web_acl import WafAction, WafRule, WebAcl

_KINDS: Final = ("WebACL", "IPSet", "RegexPatternSet")
_BESIDE: Final = ("LockToken", "ApplicationIntegrationURL")
_SET: Final = ("Name", "Id", "ARN", "Description")
_ACL_READ: Final = ("Name", "ARN", "DefaultAction", "Rules", "CustomResponseBodies", "AssociationConfig")
_ACL: Final = (
    *_ACL_READ,
    "Id",
    "Description",
    "VisibilityConfig",
    "DataProtectionConfig",
    "Capacity",
    "PreProcessFirewallManagerRuleGroups",
    "PostProcessFirewallManagerRuleGroups",
    "ManagedByFirewallManager",
    "LabelNamespace",
    "CaptchaConfig",
    "ChallengeConfig",
    "TokenDomains",
    "RetrofittedByFirewallManager",
    "OnSourceDDoSProtectionConfig",
    "ApplicationConfig",
)
_RULE: Final = (
    "Name",
    "Priority",
    "Statement",
    "Action",
    "OverrideAction",
    "RuleLabels",
    "VisibilityConfig",
    "CaptchaConfig",
    "ChallengeConfig",
)
_ACTIONS: Final = ("Allow", "Block", "Count", "Captcha", "Challenge")
_CONTENT_TYPES: Final = {
    "TEXT_PLAIN": "text/plain",
    "TEXT_HTML": "text/html",
    "APPLICATION_JSON": "application/json",
}
_PATTERNS_MAX: Final = 10
_RANGES_MAX: Final = 10_000
_PRIORITY_MAX: Final = 2**31 - 1
_BODY_DEFAULT: Final = "KB_16"
_BODY_SIZES: Final = {_BODY_DEFAULT: 16384, "KB_32": 32768, "KB_48": 49152, "KB_64": 65536}
_RESOURCES: Final = (
    "CLOUDFRONT",
    "API_GATEWAY",
    "COGNITO_USER_POOL",
    "APP_RUNNER_SERVICE",
    "VERIFIED_ACCESS_INSTANCE",
)
_ARN_PARTS: Final = 6
# Header fields that the balancer sets itself, or WAF by the content of the body.
_OWN_FIELDS: Final = frozenset({"connection", "content-length", "content-type", "date", "server", "transfer-encoding"})


def read_web_acls(documents: Iterable[tuple[str, Any]]) -> Mapping[str, WebAcl]:
    """Return the web ACLs by ARN. `documents`: (name of the file, content); a file may be a list of documents.

    Raises:
        WebAclError: for the first error, with its place.
    """
    nodes = [node for file, content in documents for node in _apart(JsonNode(content, file))]
    by_kind: dict[str, list[JsonNode]] = {kind: [] for kind in _KINDS}
    for node in nodes:
        members = node.members((*_KINDS, *_BESIDE))
        kinds = [kind for kind in _KINDS if kind in members]
        if len(kinds) != 1:
            raise node.wrong(f"an object with one of {', '.join(_KINDS)}, as `aws wafv2 get-web-acl` prints")
        by_kind[kinds[0]].append(members[kinds[0]])
    address_sets: dict[str, AddressSet] = {}
    pattern_sets: dict[str, Sequence[Search]] = {}
    for node in by_kind["IPSet"]:
        arn, ranges = _address_set(node)
        address_sets[_new(arn, address_sets)] = ranges
    for node in by_kind["RegexPatternSet"]:
        arn, searches = _pattern_set(node)
        pattern_sets[_new(arn, pattern_sets)] = searches
    acls: dict[str, WebAcl] = {}
    for node in by_kind["WebACL"]:
        arn = node.members(_ACL, ("Name", "ARN", "DefaultAction"))["ARN"]
        acls[_new(arn, acls)] = _web_acl(node, StatementReader(address_sets, pattern_sets))
    return acls


def _apart(node: JsonNode) -> Iterable[JsonNode]:
    return node.items() if isinstance(node.value, list) else (node,)


def _new(arn: JsonNode, known: Mapping[str, object]) -> str:
    text = arn.text()
    if text in known:
        raise arn.wrong("an ARN that no other document has")
    return text


def _address_set(node: JsonNode) -> tuple[JsonNode, AddressSet]:
    members = node.members((*_SET, "IPAddressVersion", "Addresses"), ("ARN", "IPAddressVersion", "Addresses"))
    version = members["IPAddressVersion"].word(("IPV4", "IPV6"))
    ranges = []
    for each in members["Addresses"].items(0, _RANGES_MAX):
        text = each.text()
        try:
            if (":" in text) != (version == "IPV6") or "/" not in text:
                raise ValueError(text)  # noqa: TRY301 one message for everything that is no such range
            AddressSet((text,))
            if text.endswith("/0"):
                raise ValueError(text)  # noqa: TRY301 AWS WAF supports all ranges but this
        except ValueError as error:
            example = "2001:db8::/32" if version == "IPV6" else "192.0.2.0/24"
            raise each.wrong(
                f"a range of {version} in CIDR notation without host bits and other than /0, such as {example}"
            ) from error
        ranges.append(text)
    return members["ARN"], AddressSet(ranges)


def _pattern_set(node: JsonNode) -> tuple[JsonNode, Sequence[Search]]:
    members = node.members((*_SET, "RegularExpressionList"), ("ARN", "RegularExpressionList"))
    searches = [
        pattern_of(each.members(("RegexString",), ("RegexString",))["RegexString"])
        for each in members["RegularExpressionList"].items(1, _PATTERNS_MAX)
    ]
    return members["ARN"], searches


def _web_acl(node: JsonNode, reader: StatementReader) -> WebAcl:
    members = node.members(_ACL)
    name, arn = members["Name"].text(), members["ARN"].text()
    parts = arn.split(":")
    if len(parts) != _ARN_PARTS or parts[2] != "wafv2" or "/webacl/" not in parts[5]:
        raise members["ARN"].wrong("a web ACL's ARN, such as arn:aws:wafv2:us-east-1:123456789012:regional/webacl/a/b")
    bodies = _bodies(members.get("CustomResponseBodies"))
    prefix = f"awswaf:{parts[4]}:webacl:{name}:"
    rules: dict[int, WafRule] = {}
    for each in members["Rules"].items() if "Rules" in members else ():
        rule = _rule(each, reader, bodies, prefix)
        if rule.priority in rules:
            raise each.wrong(f"of another Priority than {rules[rule.priority].name!r}, {rule.priority}")
        rules[rule.priority] = rule
    default, settings = members["DefaultAction"].choice(("Allow", "Block"))
    if default == "Allow":
        _allow(settings, reader)
    return WebAcl(
        name,
        arn,
        node.value,
        tuple(rules[priority] for priority in sorted(rules)),
        _block(settings, bodies) if default == "Block" else None,
        _body_bytes_max(members.get("AssociationConfig")),
        reader.needs_body,
        tuple(reader.gaps),
    )


def _rule(node: JsonNode, reader: StatementReader, bodies: Mapping[str, tuple[str, str]], prefix: str) -> WafRule:
    members = node.members(_RULE, ("Name", "Priority", "Statement"))
    statement = reader.read(members["Statement"])
    action, response = WafAction.NOT_EVALUATED, WAF_BLOCKED
    given = members.get("Action")
    if given is not None:
        chosen, settings = given.choice(_ACTIONS)
        match chosen:
            case "Allow":
                action = WafAction.ALLOW
                _allow(settings, reader)
            case "Block":
                action, response = WafAction.BLOCK, _block(settings, bodies)
            case "Count":
                action = WafAction.COUNT
                _allow(settings, reader)
            case _:
                reader.gaps.append(f"{given.place}: {chosen}")
    elif "OverrideAction" not in members:
        raise node.wrong(f"given with an Action: one of {', '.join(_ACTIONS)}")
    labels = [
        prefix + label_text(each.members(("Name",), ("Name",))["Name"])
        for each in (members["RuleLabels"].items() if "RuleLabels" in members else ())
    ]
    name, priority = members["Name"].text(), members["Priority"].number(0, _PRIORITY_MAX)
    return WafRule(name, priority, statement, action, tuple(labels), response)


def _allow(settings: JsonNode, reader: StatementReader) -> None:
    """Read the settings of an action that lets a request pass; header fields are not inserted into requests."""
    if "CustomRequestHandling" in settings.members(("CustomRequestHandling",)):
        reader.gaps.append(f"{settings.place}: CustomRequestHandling")


def _block(settings: JsonNode, bodies: Mapping[str, tuple[str, str]]) -> Rejection:
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
        fields.append((_token(pair["Name"]), _one_line(pair["Value"])))
    return Rejection(WAF_BLOCKED.name, members["ResponseCode"].number(200, 599), text, fields=tuple(fields))


def _token(node: JsonNode) -> str:
    text = node.text()
    if not all(each.isascii() and (each.isalnum() or each in "-_$") for each in text):
        raise node.wrong("a name of a header field: letters, digits, -, _ and $")
    if text.lower() in _OWN_FIELDS:
        raise node.wrong(f"none of {', '.join(sorted(_OWN_FIELDS))}")
    return text


def _one_line(node: JsonNode) -> str:
    text = node.text()
    if not text.isprintable() or not text.isascii():
        raise node.wrong("printable ASCII")
    return text


def _bodies(node: JsonNode | None) -> Mapping[str, tuple[str, str]]:
    """Return (content type, body) by key."""
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        raise node.wrong("an object")
    bodies = {}
    for key, entry in node.members(tuple(node.value)).items():
        members = entry.members(("ContentType", "Content"), ("ContentType", "Content"))
        bodies[key] = (_CONTENT_TYPES[members["ContentType"].word(tuple(_CONTENT_TYPES))], members["Content"].text())
    return bodies


def _body_bytes_max(node: JsonNode | None) -> int:
    """Return how much of a body is inspected; for App Runner 16 KB by default (facts 10.4)."""
    body = node.members(("RequestBody",)).get("RequestBody") if node is not None else None
    own = body.members(_RESOURCES).get("APP_RUNNER_SERVICE") if body is not None else None
    if own is None:
        return _BODY_SIZES[_BODY_DEFAULT]
    members = own.members(("DefaultSizeInspectionLimit",), ("DefaultSizeInspectionLimit",))
    return _BODY_SIZES[members["DefaultSizeInspectionLimit"].word(tuple(_BODY_SIZES))]
