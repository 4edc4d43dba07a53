"""Policy documents: accepted documents, warnings, and the error for each mistake."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.rules.iam.policy import Quantifier
from simulator.rules.iam.policy_document import parse_policy
from simulator.rules.iam.policy_problems import IamPolicyError

GOOD: dict[str, Any] = {"Effect": "Allow", "Action": "apprunner:*", "Resource": "*"}


def problems(*statements: object, **elements: object) -> list[str]:
    document = {"Version": "2012-10-17", "Statement": list(statements), **elements}
    with pytest.raises(IamPolicyError) as caught:
        parse_policy(document, "dev.json")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Efect": "Allow"}, "Statement[0].Efect = Allow, must be an element of a statement: Sid, Effect, Action,"),
        ({"Efect": "Allow"}, "did you mean `Effect`?"),
        ({"Effect": "allow"}, "Statement[0].Effect = allow, must be Allow or Deny; did you mean `Allow`?"),
        ({"Effect": None}, "Statement[0].Effect = nothing, must be Allow or Deny"),
        ({"NotAction": "iam:*"}, "Statement[0].Action = apprunner:*, must be left out, because NotAction is given"),
        ({"NotResource": "*"}, "Statement[0].Resource = *, must be left out, because NotResource is given"),
        ({"Action": "DescribeServices"}, "Action = DescribeServices, must be * or SERVICE:ACTION"),
        ({"Action": "DescribeServices"}, "did you mean `apprunner:DescribeService`?"),
        ({"Action": ["apprunner:*", 7]}, "Statement[0].Action[1] = 7, must be text"),
        ({"Action": []}, "Statement[0].Action = a list, must be at least one value"),
        ({"Action": "*:*"}, "Statement[0].Action = *:*, must be * or SERVICE:ACTION"),
        ({"Resource": "service/shop"}, "Resource = service/shop, must be * or an ARN such as arn:aws:apprunner:"),
        ({"Resource": "arn:aws:*:*:*:*"}, "Resource = arn:aws:*:*:*:*, must be * or an ARN"),
        ({"Sid": "not plain"}, "Statement[0].Sid = not plain, must be letters and digits only"),
        ({"Principal": "*"}, "Statement[0].Principal = *, must be left out: an identity policy applies to the key"),
        ({"Condition": []}, "Statement[0].Condition = a list, must be a mapping of operators"),
        (
            {"Condition": {"StringEqual": {"aws:username": "a"}}},
            "Condition.StringEqual = StringEqual, must be a condition",
        ),
        ({"Condition": {"StringEqual": {"aws:username": "a"}}}, "did you mean `StringEquals`?"),
        ({"Condition": {"NullIfExists": {"aws:username": "true"}}}, "Condition.NullIfExists = NullIfExists, must be"),
        (
            {"Condition": {"ForSomeValues:StringLike": {"aws:TagKeys": "a"}}},
            "with ForAllValues: or ForAnyValue: before",
        ),
        (
            {"Condition": {7: {"aws:username": "a"}}},
            "Condition[7] = 7, must be a condition operator such as StringEquals",
        ),
        ({"Condition": {"StringEquals": "a"}}, "Condition.StringEquals = a, must be a mapping of condition keys"),
        ({"Condition": {"StringEquals": {"SourceIp": "a"}}}, "must be a condition key such as aws:SourceIp"),
        ({"Condition": {"StringEquals": {"SourceIp": "a"}}}, "did you mean `aws:SourceIp`?"),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.300"}}}, "203.0.113.300, must be an address or a net"),
        ({"Condition": {"NumericEquals": {"x:n": "one"}}}, "Condition.NumericEquals.x:n = one, must be a number"),
        ({"Condition": {"DateLessThan": {"aws:CurrentTime": "soon"}}}, "= soon, must be a date such as 2026-12-01T"),
        ({"Condition": {"Bool": {"aws:SecureTransport": "yes"}}}, "SecureTransport = yes, must be true or false"),
        ({"Condition": {"BinaryEquals": {"x:b": "?"}}}, "x:b = ?, must be text in base64"),
        (
            {"Condition": {"ArnLike": {"apprunner:ConnectionArn": "connection/prod"}}},
            "must be an ARN with six segments",
        ),
        (
            {"Condition": {"StringEquals": {"aws:username": ["a", {}]}}},
            "aws:username[1] = a mapping, must be text, a num",
        ),
        (
            {"Condition": {"StringEquals": {"aws:username": "${}"}}},
            "${} is not a policy variable; write ${aws:username}",
        ),
    ],
)
def test_an_invalid_element_of_a_statement_is_a_problem(changes: dict[str, Any], message: str) -> None:
    given = {**GOOD, **changes}
    assert any(message in problem for problem in problems(given)), problems(given)


def test_a_statement_without_action_or_resource_is_a_problem() -> None:
    assert problems({"Effect": "Allow"}) == [
        "Statement[0].Action = nothing, must be given, or NotAction",
        "Statement[0].Resource = nothing, must be given, or NotResource",
    ]


def test_every_problem_is_reported_with_its_place() -> None:
    found = problems(GOOD, {**GOOD, "Effect": "Permit"}, {**GOOD, "Resource": ["*", "shop"]})
    assert [each.partition(" =")[0] for each in found] == ["Statement[1].Effect", "Statement[2].Resource[1]"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "policy = a list, must be a policy, a mapping with Version, Id, Statement"),
        ({"Version": "2012-10-17"}, "Statement = nothing, must be a statement or a list of them"),
        ({"Version": "2012-10-17", "Statement": []}, "Statement = a list, must be a statement or a list"),
        ({"Version": "2012-10-18", "Statement": GOOD}, "Version = 2012-10-18, must be 2012-10-17 or 2008-10-17"),
        ({"Version": "2012-10-17", "Statment": GOOD}, "did you mean `Statement`?"),
        ({"Version": "2012-10-17", "Statement": ["x"]}, "Statement[0] = x, must be a statement, a mapping with Sid"),
    ],
)
def test_an_invalid_document_is_an_error(document: object, message: str) -> None:
    with pytest.raises(IamPolicyError) as caught:
        parse_policy(document, "dev.json")
    assert message in str(caught.value)
    assert str(caught.value).startswith("dev.json: ")


def test_a_repeated_statement_id_is_a_problem() -> None:
    assert problems({**GOOD, "Sid": "A"}, {**GOOD, "Sid": "A"}) == [
        "Statement[1].Sid = A, must be unique in the policy"
    ]


@pytest.mark.parametrize(
    ("document", "warning"),
    [
        ({"Statement": GOOD}, "no Version, so 2008-10-17 applies"),
        (
            {"Version": "2012-10-17", "Statement": {**GOOD, "Action": "apprunner:ListService"}},
            "apprunner:ListService is not an action of App Runner; did you mean `apprunner:ListServices`?",
        ),
        (
            {"Version": "2012-10-17", "Statement": {**GOOD, "Condition": {"Bool": {"aws:SecureTransports": True}}}},
            "aws:SecureTransports is not a condition key of App Runner's actions; did you mean `aws:SecureTransport`?",
        ),
    ],
)
def test_elements_that_iam_accepts_but_that_are_probably_mistakes_are_warnings(
    document: dict[str, Any], warning: str
) -> None:
    (found,) = parse_policy(document, "dev.json").warnings
    assert found.startswith(warning)


def test_tags_of_any_name_and_keys_of_other_services_cause_no_warning() -> None:
    conditions = {"StringLike": {"aws:RequestTag/a b": "x", "aws:principaltag/team": "x", "iam:PassedToService": "x"}}
    document = {"Version": "2012-10-17", "Statement": {**GOOD, "Condition": conditions}}
    assert parse_policy(document, "dev.json").warnings == ()


def test_an_operator_may_have_a_quantifier_and_if_exists() -> None:
    conditions = {"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a*", "b"]}}
    policy = parse_policy({"Version": "2012-10-17", "Statement": {**GOOD, "Condition": conditions}}, "dev.json")
    (condition,) = policy.statements[0].conditions
    assert (condition.operator.name, condition.quantifier, condition.if_exists) == ("StringLike", Quantifier.ANY, True)
    assert str(condition) == "ForAnyValue:StringLikeIfExists aws:TagKeys a* or b"
