"""Decides whether a request is allowed: AWS's policy evaluation logic for requests within one account (IAM User Guide,
"Policy evaluation logic").

An explicit Deny in any policy decides. Otherwise the identity policies, then the permissions boundary, then the session
policies must each contain an Allow; the first kind without one decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from simulator.rules.iam.access_request import EVERY_RESOURCE, AccessRequest
from simulator.rules.iam.identity import IamIdentity
from simulator.rules.iam.policy import Effect, IamPolicy, IamStatement


class IamPolicyKind(StrEnum):
    """The kind of a policy. The values are used in AWS's messages."""

    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"


class Misses(StrEnum):
    """The element of a statement because of which it does not apply to a request."""

    ACTION = "action"
    RESOURCE = "resource"
    CONDITION = "condition"


class StatementResult(NamedTuple):
    """The result of one statement for a request.

    `misses` is None if the statement applies. `detail` describes the condition that is not met.
    """

    kind: IamPolicyKind
    policy: IamPolicy
    statement: IamStatement
    misses: Misses | None
    detail: str = ""

    @property
    def place(self) -> str:
        return f"{self.statement} of {self.policy.name}"


@dataclass(frozen=True, slots=True)
class AccessDecision:
    """The decision on a request.

    `kind` and `by` say what decided: a statement, or the kind of policies that has no Allow. Both are None if the
    caller has no policies. `results` contains the result of every statement, in the order of the policies.
    """

    request: AccessRequest
    allowed: bool
    kind: IamPolicyKind | None = None
    by: StatementResult | None = None
    results: tuple[StatementResult, ...] = ()

    def sentence(self, arn: str) -> str:
        """Return AWS's message for a denied request of the caller `arn` (facts 12.1)."""
        action = self.request.action
        head = f"User: {arn} is not authorized to perform: {action} on resource: {self.request.resource}"
        if self.by is not None:
            return f"{head} with an explicit deny in {_article(self.kind)} {self.kind}"
        return f"{head} because no {self.kind} allows the {action} action"


def decide(identity: IamIdentity, request: AccessRequest) -> AccessDecision:
    """Return whether `identity` may perform the request, with the statement or kind of policies that decided."""
    results = tuple(_results(identity, request))
    applying = [each for each in results if each.misses is None]
    for each in applying:
        if each.statement.effect is Effect.DENY:
            return AccessDecision(request, False, each.kind, each, results)
    decisive: StatementResult | None = None
    for kind in _kinds(identity):
        allow = next((each for each in applying if each.kind is kind), None)
        if allow is None:
            return AccessDecision(request, False, kind, None, results)
        decisive = decisive or allow
    return AccessDecision(request, True, decisive.kind if decisive else None, decisive, results)


def _kinds(identity: IamIdentity) -> Iterator[IamPolicyKind]:
    if identity.policies is not None:
        yield IamPolicyKind.IDENTITY
    if identity.boundary is not None:
        yield IamPolicyKind.BOUNDARY
    if identity.session_policies:
        yield IamPolicyKind.SESSION


def _results(identity: IamIdentity, request: AccessRequest) -> Iterator[StatementResult]:
    by_kind: tuple[tuple[IamPolicyKind, Iterable[IamPolicy]], ...] = (
        (IamPolicyKind.IDENTITY, identity.policies or ()),
        (IamPolicyKind.BOUNDARY, () if identity.boundary is None else (identity.boundary,)),
        (IamPolicyKind.SESSION, identity.session_policies),
    )
    for kind, policies in by_kind:
        for policy in policies:
            for statement in policy.statements:
                yield StatementResult(kind, policy, statement, *_misses(statement, request))


def _misses(statement: IamStatement, request: AccessRequest) -> tuple[Misses | None, str]:
    context = request.context
    named = any(each.matches(request.action, context, ignore_case=True) for each in statement.actions)
    if named == statement.not_actions:
        return Misses.ACTION, ""
    if _is_resource(statement, request) == statement.not_resources:
        return Misses.RESOURCE, ""
    unmet = next((each for each in statement.conditions if not each.is_met(context)), None)
    if unmet is None:
        return None, ""
    given = context.get(unmet.key, ())
    found = f"it is {', '.join(given)}" if given else "the request has no such key"
    return Misses.CONDITION, f"{unmet}: {found}"


def _is_resource(statement: IamStatement, request: AccessRequest) -> bool:
    """Return True if a pattern matches the resource. A call without a resource has `*`, which no ARN pattern
    matches.
    """
    return any(
        pattern.text == EVERY_RESOURCE or pattern.matches_arn(request.resource, request.context, completed=True)
        for pattern in statement.resources
    )


def _article(kind: IamPolicyKind | None) -> str:
    return "an" if kind is IamPolicyKind.IDENTITY else "a"
