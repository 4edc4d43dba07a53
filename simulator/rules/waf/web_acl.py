"""A web ACL: its rules in the order of their priorities, and the verdict on a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from simulator.model.rejection import WAF_BLOCKED, Rejection
from simulator.rules.waf.statements import Evaluation, Statement
from simulator.rules.waf.web_request import WebRequest

DEFAULT_ACTION: Final = "Default_Action"  # AWS's name of the default action in logs and metrics


Fields = tuple[tuple[bytes, bytes], ...]


class WafAction(StrEnum):
    """The action of a rule or of a verdict."""

    ALLOW = "allow"
    BLOCK = "block"
    COUNT = "count"
    NOT_EVALUATED = "not evaluated"


@dataclass(frozen=True, slots=True)
class WafRule:
    """A rule. `action` is NOT_EVALUATED for actions that need AWS, such as CAPTCHA. `labels` are fully qualified.

    `response` is sent if the rule blocks a request. `inserted` are header fields that are added to the request if it is
    allowed in the end. `group` has the rules of a rule group, which are evaluated in place of this rule; if `action` is
    COUNT, a decision of the group is only counted.
    """

    name: str
    priority: int
    statement: Statement
    action: WafAction
    labels: tuple[str, ...] = ()
    response: Rejection = WAF_BLOCKED
    inserted: Fields = ()
    group: tuple[WafRule, ...] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a request. `rule` ended the evaluation. `blocked` is the response; None if the request is allowed.

    `passed` has the rules that matched, or could not be evaluated, without ending the evaluation. `inserted` are header
    fields for an allowed request. `labels` are those that matching rules added. A rule of a rule group is named
    GROUP/RULE, where GROUP is the name of the rule that refers to the group.
    """

    rule: str
    blocked: Rejection | None
    passed: tuple[tuple[str, WafAction], ...] = ()
    inserted: Fields = ()
    labels: tuple[str, ...] = ()

    @property
    def action(self) -> WafAction:
        return WafAction.ALLOW if self.blocked is None else WafAction.BLOCK


@dataclass(frozen=True, slots=True, eq=False)
class WebAcl:
    """A web ACL. The counts of its rate-based rules are shared by all services that it is associated with.

    # ASSUMPTION: they are, as requests of one web ACL; AWS states that each use of a rule counts for itself, and not
    # whether each resource does. Two services with one web ACL and one client on AWS settle it.

    `document` is its JSON as AWS prints it. `default` is the response to a request that no rule ends; None allows the
    request. `body_bytes_max` is the number of bytes of a body that are inspected. `needs_body` is True if a rule
    inspects bodies. `gaps` describes what the simulator cannot evaluate. `inserted` are the header fields that the
    default action adds.
    """

    name: str
    arn: str
    document: Mapping[str, Any]
    rules: tuple[WafRule, ...]
    default: Rejection | None
    body_bytes_max: int
    needs_body: bool
    gaps: tuple[str, ...] = ()
    inserted: Fields = ()

    @property
    def rule_names(self) -> list[str]:
        """The names of the rules that can end an evaluation, in the form of `Verdict.rule`."""
        names = [
            name
            for rule in self.rules
            for name in ([f"{rule.name}/{each.name}" for each in rule.group] if rule.group is not None else [rule.name])
        ]
        return [*names, DEFAULT_ACTION]

    def evaluate(self, request: WebRequest, now_s: float) -> Verdict:
        """Return the verdict on a request that arrives at `now_s`, and count it in rate-based rules."""
        evaluation = Evaluation(request, now_s)
        passed: list[tuple[str, WafAction]] = []
        inserted: list[tuple[bytes, bytes]] = []
        ended = _evaluated(self.rules, evaluation, passed, inserted)
        if ended is None:
            inserted += self.inserted
            ended = DEFAULT_ACTION, self.default
        rule, blocked = ended
        fields = () if blocked is not None else tuple(inserted)
        return Verdict(rule, blocked, tuple(passed), fields, tuple(evaluation.labels))


def _evaluated(
    rules: tuple[WafRule, ...],
    evaluation: Evaluation,
    passed: list[tuple[str, WafAction]],
    inserted: list[tuple[bytes, bytes]],
    group: str = "",
) -> tuple[str, Rejection | None] | None:
    """Return the name of the rule that ends the evaluation, and its response; None if no rule ends it.

    Rules that do not end it are appended to `passed`, and their header fields to `inserted`. `group` is a prefix for
    the names of the rules.
    """
    for rule in rules:
        if rule.group is not None:
            ended = _evaluated(rule.group, evaluation, passed, inserted, f"{rule.name}/")
            if ended is not None and rule.action is not WafAction.COUNT:
                return ended
            if ended is not None:
                passed.append((rule.name, WafAction.COUNT))
            continue
        result = rule.statement.matches(evaluation)
        if result is False:
            continue
        name, action = group + rule.name, WafAction.NOT_EVALUATED if result is None else rule.action
        if result:
            evaluation.labels.extend(rule.labels)
        if action is WafAction.BLOCK:
            return name, rule.response
        if result:
            inserted += rule.inserted
        if action is WafAction.ALLOW:
            return name, None
        passed.append((name, action))
    return None
