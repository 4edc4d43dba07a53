"""A web ACL: rules in the order of their priorities, and the verdict on a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from simulator.model.rejection import WAF_BLOCKED, Rejection
from simulator.rules.waf.statements import Evaluation, Statement
from simulator.rules.waf.web_request import WebRequest

DEFAULT_ACTION: Final = "Default_Action"  # AWS's name of the default action in logs and metrics


class WafAction(StrEnum):
    ALLOW = "allow"
    BLOCK = "block"
    COUNT = "count"
    NOT_EVALUATED = "not evaluated"


@dataclass(frozen=True, slots=True)
class WafRule:
    """A rule. `action` NOT_EVALUATED: an action that needs AWS, as a CAPTCHA. `labels`: fully qualified.

    `response`: to a blocked request.
    """

    name: str
    priority: int
    statement: Statement
    action: WafAction
    labels: tuple[str, ...] = ()
    response: Rejection = WAF_BLOCKED


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result. `rule`: the one that ended the evaluation. `blocked`: the response; None if the request is allowed.

    `passed`: rules that matched, or could not be evaluated, without ending the evaluation.
    """

    rule: str
    blocked: Rejection | None
    passed: tuple[tuple[str, WafAction], ...] = ()

    @property
    def action(self) -> WafAction:
        return WafAction.ALLOW if self.blocked is None else WafAction.BLOCK


@dataclass(frozen=True, slots=True, eq=False)
class WebAcl:
    """A web ACL. It counts for its rate-based rules, over all resources that it is associated with.

    `document`: as AWS prints it. `default`: the response to a request that no rule ends; None allows it.
    `body_bytes_max`: how much of a body is inspected. `needs_body`: a rule inspects bodies. `gaps`: what is not
    evaluated, in words.
    """

    name: str
    arn: str
    document: Mapping[str, Any]
    rules: tuple[WafRule, ...]
    default: Rejection | None
    body_bytes_max: int
    needs_body: bool
    gaps: tuple[str, ...] = ()

    def evaluate(self, request: WebRequest, now_s: float) -> Verdict:
        """Return the verdict on a request that arrives at `now_s`; it counts for rate-based rules."""
        evaluation = Evaluation(request, now_s)
        passed: tuple[tuple[str, WafAction], ...] = ()
        for rule in self.rules:
            result = rule.statement.matches(evaluation)
            if result is False:
                continue
            action = WafAction.NOT_EVALUATED if result is None else rule.action
            if action is WafAction.BLOCK:
                return Verdict(rule.name, rule.response, passed)
            if action is WafAction.ALLOW:
                return Verdict(rule.name, None, passed)
            passed = (*passed, (rule.name, action))
            if result:
                evaluation.labels.extend(rule.labels)
        return Verdict(DEFAULT_ACTION, self.default, passed)
