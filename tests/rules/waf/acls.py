"""Web ACLs for tests, as documents in AWS's form."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from simulator.rules.waf.acl_documents import read_web_acls
from simulator.rules.waf.web_acl import WebAcl

ARN = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/shop/11111111-2222-3333-4444-555555555555"
IPS = "arn:aws:wafv2:us-east-1:123456789012:regional/ipset/bad/11111111-2222-3333-4444-555555555556"
PATTERNS = "arn:aws:wafv2:us-east-1:123456789012:regional/regexpatternset/p/11111111-2222-3333-4444-555555555557"
GROUP = "arn:aws:wafv2:us-east-1:123456789012:regional/rulegroup/common/11111111-2222-3333-4444-555555555559"
NONE = [{"Priority": 0, "Type": "NONE"}]
VISIBLE = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}


def document(*rules: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return what `aws wafv2 get-web-acl` prints."""
    acl = {
        "Name": "shop",
        "Id": "11111111-2222-3333-4444-555555555555",
        "ARN": ARN,
        "DefaultAction": {"Allow": {}},
        "Description": "",
        "Rules": list(rules),
        "VisibilityConfig": VISIBLE,
        "Capacity": 10,
        "ManagedByFirewallManager": False,
        "LabelNamespace": "awswaf:123456789012:webacl:shop:",
    }
    return {"WebACL": acl | members, "LockToken": "11111111-2222-3333-4444-555555555558"}


def address_set(*ranges: str, version: str = "IPV4") -> dict[str, Any]:
    return {"IPSet": {"Name": "bad", "Id": "i", "ARN": IPS, "IPAddressVersion": version, "Addresses": list(ranges)}}


def pattern_set(*patterns: str) -> dict[str, Any]:
    listed = [{"RegexString": each} for each in patterns]
    return {"RegexPatternSet": {"Name": "p", "Id": "i", "ARN": PATTERNS, "RegularExpressionList": listed}}


def rule_group(*rules: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return what `aws wafv2 get-rule-group` prints."""
    group = {"Name": "common", "Id": "i", "Capacity": 5, "ARN": GROUP, "Rules": list(rules)}
    return {"RuleGroup": group | {"VisibilityConfig": VISIBLE} | members, "LockToken": "t"}


def referring(name: str = "group", priority: int = 0, override: str = "None", **settings: Any) -> dict[str, Any]:
    """Return a rule that refers to the rule group."""
    statement = {"RuleGroupReferenceStatement": {"ARN": GROUP} | settings}
    given = {"Name": name, "Priority": priority, "Statement": statement, "OverrideAction": {override: {}}}
    return given | {"VisibilityConfig": VISIBLE}


def rule(statement: dict[str, Any], action: str = "Block", name: str = "r", priority: int = 0, **more: Any) -> Any:
    given = {"Name": name, "Priority": priority, "Statement": statement, "Action": {action: {}}}
    return given | {"VisibilityConfig": VISIBLE} | more


def part(field: dict[str, Any], *transformations: str) -> dict[str, Any]:
    listed = [{"Priority": at, "Type": name} for at, name in enumerate(transformations or ("NONE",))]
    return {"FieldToMatch": field, "TextTransformations": listed}


def byte_match(sought: bytes, field: dict[str, Any], *transformations: str, at: str = "CONTAINS") -> dict[str, Any]:
    text = b64encode(sought).decode()
    return {"ByteMatchStatement": {"SearchString": text, "PositionalConstraint": at, **part(field, *transformations)}}


def acl(*rules: dict[str, Any], beside: tuple[dict[str, Any], ...] = (), **members: Any) -> WebAcl:
    given = [("acl.json", document(*rules, **members)), *(("beside.json", each) for each in beside)]
    return read_web_acls(given)[ARN]
