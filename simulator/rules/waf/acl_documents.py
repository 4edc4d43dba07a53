"""Reads web ACLs, rule groups, IP sets and regex pattern sets from the JSON that `aws wafv2 get-...` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from simulator.model.rejection import WAF_BLOCKED, Rejection
from simulator.rules.waf.action_documents import ACTIONS, action_of, bodies_of, inserted_by, response_of
from simulator.rules.waf.addresses import AddressSet
from simulator.rules.waf.json_node import JsonNode, label_text
from simulator.rules.waf.patterns import Search
from simulator.rules.waf.statement_documents import RULE_GROUP, StatementReader, pattern_of
from simulator.rules.waf.statements import NotEvaluated
from simulator.rules.waf.web_acl import Fields, WafAction, WafRule, WebAcl

_KINDS: Final = ("WebACL", "IPSet", "RegexPatternSet", "RuleGroup")
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
_GROUP: Final = (
    *_SET,
    "Capacity",
    "Rules",
    "VisibilityConfig",
    "LabelNamespace",
    "CustomResponseBodies",
    "AvailableLabels",
    "ConsumedLabels",
)
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


def read_web_acls(documents: Iterable[tuple[str, Any]]) -> Mapping[str, WebAcl]:
    """Return the web ACLs by ARN. `documents` are pairs of file name and content; the content may be a list of
    documents.

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
    groups: dict[str, JsonNode] = {}
    for node in by_kind["RuleGroup"]:
        arn = node.members(_GROUP, ("Name", "ARN"))["ARN"]
        groups[_new(arn, groups)] = node
    acls: dict[str, WebAcl] = {}
    for node in by_kind["WebACL"]:
        arn = node.members(_ACL, ("Name", "ARN", "DefaultAction"))["ARN"]
        acls[_new(arn, acls)] = _web_acl(node, StatementReader(address_sets, pattern_sets), groups)
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


def _web_acl(node: JsonNode, reader: StatementReader, groups: Mapping[str, JsonNode]) -> WebAcl:
    members = node.members(_ACL)
    name, arn = members["Name"].text(), members["ARN"].text()
    parts = arn.split(":")
    if len(parts) != _ARN_PARTS or parts[2] != "wafv2" or "/webacl/" not in parts[5]:
        raise members["ARN"].wrong("a web ACL's ARN, such as arn:aws:wafv2:us-east-1:123456789012:regional/webacl/a/b")
    bodies = bodies_of(members.get("CustomResponseBodies"))
    read = partial(_rule, reader=reader, bodies=bodies, prefix=f"awswaf:{parts[4]}:webacl:{name}:", groups=groups)
    rules = _rules(members.get("Rules"), read)
    default, settings = members["DefaultAction"].choice(("Allow", "Block"))
    inserted = inserted_by(settings) if default == "Allow" else ()
    return WebAcl(
        name,
        arn,
        node.value,
        rules,
        response_of(settings, bodies) if default == "Block" else None,
        _body_bytes_max(members.get("AssociationConfig")),
        reader.needs_body,
        tuple(reader.gaps),
        inserted,
    )


def _rules(node: JsonNode | None, read: Callable[[JsonNode], WafRule]) -> tuple[WafRule, ...]:
    """Return the rules in the order of their priorities, which must differ."""
    rules: dict[int, WafRule] = {}
    for each in node.items() if node is not None else ():
        rule = read(each)
        if rule.priority in rules:
            raise each.wrong(f"of another Priority than {rules[rule.priority].name!r}, {rule.priority}")
        rules[rule.priority] = rule
    return tuple(rules[priority] for priority in sorted(rules))


def _group(node: JsonNode, reader: StatementReader, groups: Mapping[str, JsonNode]) -> tuple[WafRule, ...]:
    """Return the rules of the rule group that a statement refers to, after the statement's overrides of their
    actions.
    """
    statement = node.members((RULE_GROUP,))[RULE_GROUP]
    given = statement.members(("ARN", "ExcludedRules", "RuleActionOverrides"), ("ARN",))
    found = groups.get(given["ARN"].text())
    if found is None:
        known = ", ".join(groups) or "there is none"
        raise given["ARN"].wrong(f"the ARN of a rule group that is given too: {known}")
    members = found.members(_GROUP, ("Name", "ARN"))
    parts = members["ARN"].text().split(":")
    if len(parts) != _ARN_PARTS or parts[2] != "wafv2" or "/rulegroup/" not in parts[5]:
        expected = "a rule group's ARN, such as arn:aws:wafv2:us-east-1:123456789012:regional/rulegroup/a/b"
        raise members["ARN"].wrong(expected)
    bodies = bodies_of(members.get("CustomResponseBodies"))
    prefix = f"awswaf:{parts[4]}:rulegroup:{members['Name'].text()}:"
    rules = _rules(members.get("Rules"), partial(_rule, reader=reader, bodies=bodies, prefix=prefix))
    names = tuple(rule.name for rule in rules)
    for each in given["ExcludedRules"].items() if "ExcludedRules" in given else ():
        name = each.members(("Name",), ("Name",))["Name"].word(names)
        rules = _replaced(rules, name, WafAction.COUNT)
    for each in given["RuleActionOverrides"].items(1) if "RuleActionOverrides" in given else ():
        override = each.members(("Name", "ActionToUse"), ("Name", "ActionToUse"))
        action, response, inserted = action_of(override["ActionToUse"], reader, bodies)
        rules = _replaced(rules, override["Name"].word(names), action, response, inserted)
    return rules


def _replaced(
    rules: tuple[WafRule, ...], name: str, action: WafAction, response: Rejection = WAF_BLOCKED, inserted: Fields = ()
) -> tuple[WafRule, ...]:
    """Return the rules with another action for the rule of that name."""
    return tuple(
        replace(rule, action=action, response=response, inserted=inserted) if rule.name == name else rule
        for rule in rules
    )


def _rule(
    node: JsonNode,
    reader: StatementReader,
    bodies: Mapping[str, tuple[str, str]],
    prefix: str,
    groups: Mapping[str, JsonNode] | None = None,
) -> WafRule:
    """Return a rule. `groups` are the rule groups that it may refer to; None for a rule inside a rule group."""
    members = node.members(_RULE, ("Name", "Priority", "Statement"))
    name, priority = members["Name"].text(), members["Priority"].number(0, _PRIORITY_MAX)
    if groups is not None and _refers(members["Statement"]):
        group = _group(members["Statement"], reader, groups)
        override, _ = _given(members, "OverrideAction", node).choice(("None", "Count"))
        action = WafAction.COUNT if override == "Count" else WafAction.ALLOW
        return WafRule(name, priority, NotEvaluated(RULE_GROUP), action, group=group)
    statement = reader.read(members["Statement"])
    action, response = WafAction.NOT_EVALUATED, WAF_BLOCKED
    inserted: Fields = ()
    if "Action" in members:
        action, response, inserted = action_of(members["Action"], reader, bodies)
    elif "OverrideAction" not in members:
        raise node.wrong(f"given with an Action: one of {', '.join(ACTIONS)}")
    labels = [
        prefix + label_text(each.members(("Name",), ("Name",))["Name"])
        for each in (members["RuleLabels"].items() if "RuleLabels" in members else ())
    ]
    return WafRule(name, priority, statement, action, tuple(labels), response, inserted)


def _refers(statement: JsonNode) -> bool:
    return isinstance(statement.value, dict) and RULE_GROUP in statement.value


def _given(members: Mapping[str, JsonNode], name: str, node: JsonNode) -> JsonNode:
    if name not in members:
        raise node.wrong(f"given with an {name}")
    return members[name]


def _body_bytes_max(node: JsonNode | None) -> int:
    """Return how many bytes of a body are inspected; for App Runner 16 KB by default (facts 10.4)."""
    body = node.members(("RequestBody",)).get("RequestBody") if node is not None else None
    own = body.members(_RESOURCES).get("APP_RUNNER_SERVICE") if body is not None else None
    if own is None:
        return _BODY_SIZES[_BODY_DEFAULT]
    members = own.members(("DefaultSizeInspectionLimit",), ("DefaultSizeInspectionLimit",))
    return _BODY_SIZES[members["DefaultSizeInspectionLimit"].word(tuple(_BODY_SIZES))]
