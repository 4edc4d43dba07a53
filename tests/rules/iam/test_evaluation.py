"""The table of policies and requests with AWS's decisions, and properties that hold for all policies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.rules.iam.access_request import AccessRequest
from simulator.rules.iam.evaluation import AccessDecision, IamPolicyKind, Misses, decide
from simulator.rules.iam.identity import IamIdentity
from simulator.rules.iam.managed_policies import MANAGED_POLICIES
from simulator.rules.iam.policy import IamPolicy
from simulator.rules.iam.policy_document import parse_policy

USER = "arn:aws:iam::123456789012:user/alice"
GROUPS = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text(encoding="utf-8"))
NO_ALLOW = {
    IamPolicyKind.IDENTITY: "no-identity",
    IamPolicyKind.BOUNDARY: "no-boundary",
    IamPolicyKind.SESSION: "no-session",
}


def identity_of(group: dict[str, Any]) -> IamIdentity:
    if "managed" in group:
        return IamIdentity(USER, (MANAGED_POLICIES[group["managed"]],))
    given_policies = group.get("policies", [["identity", group.get("policy")]])
    by_kind: dict[str, list[IamPolicy]] = {"identity": [], "boundary": [], "session": []}
    for kind, document in given_policies:
        by_kind[kind].append(parse_policy(document, kind))
    boundary = by_kind["boundary"][0] if by_kind["boundary"] else None
    return IamIdentity(USER, tuple(by_kind["identity"]), boundary, tuple(by_kind["session"]))


def request_of(action: str, resource: str, keys: dict[str, Any]) -> AccessRequest:
    if ":" not in action:
        action = f"apprunner:{action}"
    if resource != "*" and not resource.startswith("arn:"):
        resource = f"arn:aws:apprunner:us-east-1:123456789012:{resource}"
    return AccessRequest.of(action, resource, keys)


def name_of(decision: AccessDecision) -> str:
    if decision.allowed:
        return "allow"
    if decision.by is not None:
        return "deny"
    assert decision.kind is not None
    return NO_ALLOW[decision.kind]


CASES: list[tuple[dict[str, Any], list[Any]]] = [(group, case) for group in GROUPS for case in group["cases"]]


def test_the_table_has_its_size_and_a_source_for_every_group() -> None:
    assert len(CASES) >= 200
    assert all(len(group["source"]) > 20 for group in GROUPS)
    assert {case[0] for _, case in CASES} == {"allow", "deny", *NO_ALLOW.values()}


@pytest.mark.parametrize(("group", "case"), CASES, ids=[f"{case[1]}-{case[0]}" for _, case in CASES])
def test_each_case_of_the_table_has_the_decision_of_aws(group: dict[str, Any], case: list[Any]) -> None:
    expected, action, resource, *keys = case
    request = request_of(action, resource, group.get("keys", {}) | (keys[0] if keys else {}))
    assert name_of(decide(identity_of(group), request)) == expected


def test_a_decision_names_the_statement_that_decided_and_why_others_did_not_apply() -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Look", "Effect": "Allow", "Action": "apprunner:List*", "Resource": "*"},
            {
                "Sid": "Other",
                "Effect": "Allow",
                "Action": "apprunner:*",
                "Resource": "arn:aws:apprunner:*:*:service/a/*",
            },
            {
                "Sid": "Tagged",
                "Effect": "Deny",
                "Action": "apprunner:*",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:ResourceTag/stage": "prod"}},
            },
            {"Sid": "All", "Effect": "Allow", "Action": "apprunner:*", "Resource": "*"},
        ],
    }
    identity = IamIdentity(USER, (parse_policy(document, "team.json"),))
    request = request_of("PauseService", "service/b/1", {"aws:ResourceTag/stage": "dev"})
    allowed = decide(identity, request)
    assert allowed.by is not None
    assert allowed.by.place == "Statement[3] (All) of team.json"
    assert [each.misses for each in allowed.results] == [Misses.ACTION, Misses.RESOURCE, Misses.CONDITION, None]
    assert allowed.results[2].detail == "StringEquals aws:ResourceTag/stage prod: it is dev"
    denied = decide(identity, request_of("PauseService", "service/b/1", {"aws:ResourceTag/stage": "prod"}))
    assert denied.by is not None
    assert denied.by.place == "Statement[2] (Tagged) of team.json"


ARN = "arn:aws:apprunner:us-east-1:123456789012:service/shop/1"


@pytest.mark.parametrize(
    ("policies", "session", "sentence"),
    [
        ("allow-nothing", (), f"on resource: {ARN} because no identity-based policy allows the {{}} action"),
        ("deny", (), f"on resource: {ARN} with an explicit deny in an identity-based policy"),
        ("allow", ("allow-nothing",), f"on resource: {ARN} because no session policy allows the {{}} action"),
        ("allow", ("deny",), f"on resource: {ARN} with an explicit deny in a session policy"),
    ],
)
def test_the_message_of_a_denied_request_is_that_of_aws(policies: str, session: tuple[str, ...], sentence: str) -> None:
    def policy(name: str) -> IamPolicy:
        effect, action = {"allow": ("Allow", "*"), "deny": ("Deny", "*")}.get(name, ("Allow", "ecr:*"))
        statement = {"Effect": effect, "Action": action, "Resource": "*"}
        return parse_policy({"Version": "2012-10-17", "Statement": statement}, name)

    identity = IamIdentity(USER, (policy(policies),), session_policies=tuple(map(policy, session)))
    action = "apprunner:PauseService"
    decision = decide(identity, AccessRequest.of(action, ARN, {}))
    expected = f"User: {USER} is not authorized to perform: {action} {sentence.format(action)}"
    assert decision.sentence(USER) == expected


def test_a_caller_without_policies_is_allowed_everything() -> None:
    decision = decide(IamIdentity(USER), AccessRequest.of("apprunner:DeleteService", ARN, {}))
    assert (decision.allowed, decision.kind, decision.by) == (True, None, None)


# --- properties ----------------------------------------------------------------------------------------------------

ACTIONS = st.sampled_from(
    ["apprunner:PauseService", "apprunner:P*", "apprunner:*", "*", "ecr:*", "apprunner:ListServices"]
)
RESOURCES = st.sampled_from(
    ["*", "arn:aws:apprunner:*:*:service/*", "arn:aws:apprunner:*:*:service/${aws:username}/*", ARN, "arn:aws:ecr"]
)
VALUES = st.sampled_from(["blue", "b*", "${aws:username}", "red"])
CONDITIONS = st.dictionaries(
    st.builds(
        lambda prefix, name, suffix: prefix + name + suffix,
        st.sampled_from(["", "ForAllValues:", "ForAnyValue:"]),
        st.sampled_from(["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"]),
        st.sampled_from(["", "IfExists"]),
    ),
    st.dictionaries(
        st.sampled_from(["aws:ResourceTag/team", "aws:TagKeys", "aws:username"]),
        st.lists(VALUES, min_size=1),
        min_size=1,
    ),
    max_size=2,
)


@st.composite
def statements(draw: st.DrawFn, effects: tuple[str, ...] = ("Allow", "Deny")) -> dict[str, Any]:
    negated = st.sampled_from(["", "", "Not"])
    return {
        "Effect": draw(st.sampled_from(effects)),
        draw(negated) + "Action": draw(st.lists(ACTIONS, min_size=1, max_size=2)),
        draw(negated) + "Resource": draw(st.lists(RESOURCES, min_size=1, max_size=2)),
        "Condition": draw(CONDITIONS),
    }


REQUESTS = st.builds(
    AccessRequest.of,
    st.sampled_from(["apprunner:PauseService", "apprunner:ListServices", "ecr:GetAuthorizationToken"]),
    st.sampled_from(["*", ARN, ARN.replace("shop", "alice")]),
    st.fixed_dictionaries(
        {},
        optional={
            "aws:ResourceTag/team": VALUES,
            "aws:TagKeys": st.lists(VALUES, max_size=3),
            "aws:username": st.sampled_from(["alice", "shop"]),
        },
    ),
)
DOCUMENTS = st.lists(statements(), min_size=1, max_size=4)


def decided(items: list[dict[str, Any]], request: AccessRequest) -> AccessDecision:
    policy = parse_policy({"Version": "2012-10-17", "Statement": items}, "policy")
    return decide(IamIdentity(USER, (policy,)), request)


@given(DOCUMENTS, statements(("Deny",)), REQUESTS, st.integers(0, 4))
@settings(max_examples=settings().max_examples * 3 // 2)
def test_an_added_deny_never_allows(
    items: list[dict[str, Any]], more: dict[str, Any], request: AccessRequest, place: int
) -> None:
    after = decided([*items[:place], more, *items[place:]], request)
    assert not after.allowed or decided(items, request).allowed


@given(DOCUMENTS, statements(("Allow",)), REQUESTS, st.integers(0, 4))
@settings(max_examples=settings().max_examples * 3 // 2)
def test_an_added_allow_never_denies(
    items: list[dict[str, Any]], more: dict[str, Any], request: AccessRequest, place: int
) -> None:
    after = decided([*items[:place], more, *items[place:]], request)
    assert after.allowed or not decided(items, request).allowed
    assert (name_of(after) == "deny") == (name_of(decided(items, request)) == "deny")


@given(DOCUMENTS.flatmap(lambda items: st.tuples(st.just(items), st.permutations(items))), REQUESTS)
def test_the_order_of_statements_does_not_matter(
    items: tuple[list[dict[str, Any]], list[dict[str, Any]]], request: AccessRequest
) -> None:
    assert name_of(decided(items[0], request)) == name_of(decided(items[1], request))


@given(DOCUMENTS, DOCUMENTS, REQUESTS)
def test_a_session_policy_only_restricts(
    items: list[dict[str, Any]], session: list[dict[str, Any]], request: AccessRequest
) -> None:
    policy = parse_policy({"Version": "2012-10-17", "Statement": items}, "policy")
    limit = parse_policy({"Version": "2012-10-17", "Statement": session}, "session")
    both = decide(IamIdentity(USER, (policy,), session_policies=(limit,)), request)
    assert both.allowed == (decided(items, request).allowed and decided(session, request).allowed)
