"""AWS WAF's log entry and sample of a request, with the fields that AWS publishes for them.

The fields are those of "Log fields for web ACL traffic" in AWS WAF's Developer Guide, and of `SampledHTTPRequest` in
its API reference. Values that the simulator cannot know are left out: the country is `-`, and there are no
fingerprints.

# ASSUMPTION: `httpSourceId` is the name of the service; AWS says only that it identifies the resource. `requestId` is
# that of the client, if it sent one, because App Runner's own id is assigned later. A log entry of AWS settles both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from simulator.rules.waf.web_acl import DEFAULT_ACTION, Verdict, WafAction, WebAcl
from simulator.rules.waf.web_request import WebRequest

SOURCE: Final = "APPRUNNER"
LABELS_MAX: Final = 100  # AWS logs the first ones of a request
_UNKNOWN_COUNTRY: Final = "-"
_WINDOW_S: Final = 300  # seconds, if a rate-based statement has no EvaluationWindowSec
_KEYS: Final = {"CUSTOM_KEYS": "CUSTOMKEYS"}  # kinds of aggregation whose names in logs differ from those in web ACLs


class WafRecord(NamedTuple):
    """A request to `service` that a web ACL has evaluated. `at_s` is the time on the loop's clock."""

    service: str
    acl: WebAcl
    verdict: Verdict
    request: WebRequest
    at_s: float

    @property
    def metric_names(self) -> list[str]:
        """The metrics of the rules that matched and whose requests are sampled; that of the rule that ended the
        evaluation is first.
        """
        rules = [self.verdict.rule, *(rule for rule, _ in self.verdict.passed)]
        seen = [_visibility(self.acl, rule.partition("/")[0]) for rule in rules]
        return list(dict.fromkeys(name for name, is_sampled in seen if is_sampled))


def log_document(record: WafRecord, at_ms: int) -> dict[str, Any]:
    """Return the log entry of a request. `at_ms` is the time in milliseconds since 1970."""
    acl, verdict, request = record.acl, record.verdict, record.request
    name, _, inner = verdict.rule.partition("/")
    blocked = verdict.blocked
    rule = _rule(acl, name)
    document: dict[str, Any] = {
        "timestamp": at_ms,
        "formatVersion": 1,
        "webaclId": acl.arn,
        "terminatingRuleId": name,
        "terminatingRuleType": _type(rule),
        "action": verdict.action.value.upper(),
        "terminatingRuleMatchDetails": [],
        "httpSourceName": SOURCE,
        "httpSourceId": record.service,
        "ruleGroupList": _groups(acl, verdict, name if inner else ""),
        "rateBasedRuleList": _rates(name, rule),
        "nonTerminatingMatchingRules": [
            {"ruleId": passed, "action": "COUNT", "ruleMatchDetails": []}
            for passed, action in verdict.passed
            if action is WafAction.COUNT and "/" not in passed
        ],
        "requestHeadersInserted": [_pair("name", "value", *field) for field in verdict.inserted] or None,
        "responseCodeSent": blocked.status if blocked is not None and _has_response(rule, acl, inner) else None,
        "httpRequest": {
            "clientIp": request.client,
            "country": _UNKNOWN_COUNTRY,
            "headers": [_pair("name", "value", *field) for field in request.fields],
            "uri": request.path.decode("latin-1"),
            "args": request.query.decode("latin-1"),
            "httpVersion": f"HTTP/1.{request.minor}",
            "httpMethod": request.method.decode("latin-1"),
            "requestId": (request.field(b"x-request-id") or b"").decode("latin-1"),
        },
    }
    if verdict.labels:
        document["labels"] = [{"name": label} for label in verdict.labels[:LABELS_MAX]]
    if request.is_cut:
        document["oversizeFields"] = ["REQUEST_BODY"]
    return document


def sample_document(record: WafRecord, at_s: float) -> dict[str, Any]:
    """Return the sample of a request as in the response of `GetSampledRequests`. `at_s` is the time in seconds since
    1970.
    """
    verdict, request = record.verdict, record.request
    query = b"?" + request.query if request.query else b""
    sample: dict[str, Any] = {
        "Request": {
            "ClientIP": request.client,
            "Country": _UNKNOWN_COUNTRY,
            "URI": (request.path + query).decode("latin-1"),
            "Method": request.method.decode("latin-1"),
            "HTTPVersion": f"HTTP/1.{request.minor}",
            "Headers": [_pair("Name", "Value", *field) for field in request.fields],
        },
        "Weight": 1,
        "Timestamp": at_s,
        "Action": verdict.action.value.upper(),
    }
    name, _, inner = verdict.rule.partition("/")
    if inner:
        sample["RuleNameWithinRuleGroup"] = inner
    if verdict.inserted:
        sample["RequestHeadersInserted"] = [_pair("Name", "Value", *field) for field in verdict.inserted]
    if verdict.blocked is not None and _has_response(_rule(record.acl, name), record.acl, inner):
        sample["ResponseCodeSent"] = verdict.blocked.status
    if verdict.labels:
        sample["Labels"] = [{"Name": label} for label in verdict.labels[:LABELS_MAX]]
    return sample


def metric_names(acl: WebAcl) -> list[str]:
    """Return the names of all metrics of a web ACL, including that of its default action."""
    rules = [str(rule["Name"]) for rule in acl.document.get("Rules") or ()]
    return [_visibility(acl, rule)[0] for rule in (*rules, DEFAULT_ACTION)]


def _visibility(acl: WebAcl, rule: str) -> tuple[str, bool]:
    """Return the name of a rule's metric, and whether its requests are sampled.

    # ASSUMPTION: requests that no rule ended have the metric of the web ACL; AWS's reference names only rules. A call
    # of GetSampledRequests with that name on AWS settles it.
    """
    holder = acl.document if rule == DEFAULT_ACTION else _rule(acl, rule)
    given = holder.get("VisibilityConfig") or {}
    name = given.get("MetricName") or (acl.name if rule == DEFAULT_ACTION else rule)
    return str(name), bool(given.get("SampledRequestsEnabled", True))


def _rule(acl: WebAcl, name: str) -> Mapping[str, Any]:
    return next((rule for rule in acl.document.get("Rules") or () if rule["Name"] == name), {})


def _type(rule: Mapping[str, Any]) -> str:
    statement = rule.get("Statement") or {}
    if "RateBasedStatement" in statement:
        return "RATE_BASED"
    return "GROUP" if "RuleGroupReferenceStatement" in statement else "REGULAR"


def _groups(acl: WebAcl, verdict: Verdict, ended_by: str) -> list[dict[str, Any]]:
    """Return one entry for each rule group with a rule that matched."""
    matched: dict[str, list[str]] = {} if not ended_by else {ended_by: []}
    for passed, action in verdict.passed:
        group, slash, inner = passed.partition("/")
        if slash and action is WafAction.COUNT:
            matched.setdefault(group, []).append(inner)
    entries = []
    for name, counted in matched.items():
        ended = None
        if name == ended_by:
            inner = verdict.rule.partition("/")[2]
            ended = {"ruleId": inner, "action": verdict.action.value.upper(), "ruleMatchDetails": None}
        statement = (_rule(acl, name).get("Statement") or {}).get("RuleGroupReferenceStatement") or {}
        entries.append(
            {
                "ruleGroupId": statement.get("ARN", name),
                "terminatingRule": ended,
                "nonTerminatingMatchingRules": [
                    {"ruleId": inner, "action": "COUNT", "ruleMatchDetails": []} for inner in counted
                ],
                "excludedRules": None,
            }
        )
    return entries


def _rates(name: str, rule: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one entry if the rule is rate-based, otherwise none."""
    statement = (rule.get("Statement") or {}).get("RateBasedStatement")
    if statement is None:
        return []
    key = str(statement.get("AggregateKeyType", "IP"))
    return [
        {
            "rateBasedRuleId": name,
            "rateBasedRuleName": name,
            "limitKey": _KEYS.get(key, key),
            "maxRateAllowed": statement["Limit"],
            "evaluationWindowSec": str(statement.get("EvaluationWindowSec", _WINDOW_S)),
        }
    ]


def _has_response(rule: Mapping[str, Any], acl: WebAcl, inner: str) -> bool:
    """Return True if a blocked request got a custom response. Rules of a group are assumed to have none."""
    block = (rule.get("Action") or {}).get("Block") if rule else acl.document["DefaultAction"].get("Block")
    return not inner and "CustomResponse" in (block or {})


def _pair(name_key: str, value_key: str, name: bytes, value: bytes) -> dict[str, str]:
    return {name_key: name.decode("latin-1"), value_key: value.decode("latin-1")}
