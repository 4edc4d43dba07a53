"""`simulator iam explain`: the decision, the statement that decided it, and why other statements do not apply."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app

RUN = CliRunner()
CONFIG = """
api:
  keys:
    - {access_key_id: ADMIN, secret_access_key: s1}
    - access_key_id: ALICE
      secret_access_key: s2
      principal_arn: arn:aws:iam::123456789012:user/alice
      policies:
        - Version: "2012-10-17"
          Statement:
            - {Sid: Look, Effect: Allow, Action: "apprunner:List*", Resource: "*"}
            - Sid: Own
              Effect: Allow
              Action: "apprunner:*"
              Resource: "arn:aws:apprunner:*:*:service/*"
              Condition: {StringEquals: {"aws:ResourceTag/owner": "${aws:username}"}}
            - Sid: Pass
              Effect: Allow
              Action: "iam:PassRole"
              Resource: "*"
              Condition: {StringEquals: {"iam:PassedToService": apprunner.amazonaws.com}}
            - {Sid: Never, Effect: Deny, Action: "apprunner:Delete*", Resource: "arn:aws:apprunner:*:*:service/prod/*"}
            - Sid: Tagged
              Effect: Allow
              Action: "apprunner:TagResource"
              Resource: "*"
              Condition: {"ForAllValues:StringEquals": {"aws:TagKeys": [a, b]}}
"""
OWN = ("--context", "aws:ResourceTag/owner=alice")


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "serve.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    return str(file)


def explain(config: str, *words: str) -> tuple[int, str]:
    done = RUN.invoke(app, ["iam", "explain", *words, "--config", config])
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("words", "code", "by"),
    [
        (("ALICE", "ListServices"), 0, "Statement[0] (Look) of api.keys[1].policies[0], identity-based policy"),
        (
            ("ALICE", "pauseservice", "service/shop/1", *OWN),
            0,
            "Statement[1] (Own) of api.keys[1].policies[0], identity",
        ),
        (("ALICE", "PauseService", "service/shop/1"), 1, "no identity-based policy allows it"),
        (
            ("ALICE", "apprunner:DeleteService", "service/prod/1", *OWN),
            1,
            "Statement[3] (Never) of api.keys[1].policies[0]",
        ),
        (("ALICE", "iam:PassRole", "arn:aws:iam::123456789012:role/r"), 0, "Statement[2] (Pass)"),
        (
            ("ALICE", "TagResource", "service/shop/1", "--context", "aws:TagKeys=a", "--context", "aws:TagKeys=b"),
            0,
            "(Tagged)",
        ),
        (
            ("ALICE", "TagResource", "service/shop/1", "--context", "aws:TagKeys=a", "--context", "aws:TagKeys=c"),
            1,
            "no id",
        ),
        (("ADMIN", "DeleteService", "service/prod/1"), 0, "nothing limits this key, it has no policies"),
    ],
)
def test_what_decided(config: str, words: tuple[str, ...], code: int, by: str) -> None:
    exit_code, output = explain(config, *words)
    assert (exit_code, by in output.splitlines()[1]) == (code, True), output
    assert output.startswith("allowed: " if code == 0 else "denied: ")


def test_why_each_statement_does_not_apply_and_the_message(config: str) -> None:
    _, output = explain(config, "ALICE", "PauseService", "service/shop/1", "--context", "aws:ResourceTag/owner=bob")
    arn = "arn:aws:apprunner:us-east-1:123456789012:service/shop/1"
    assert output.splitlines() == [
        f"denied: apprunner:PauseService on {arn}",
        "by: no identity-based policy allows it",
        (
            "message: User: arn:aws:iam::123456789012:user/alice is not authorized to perform: apprunner:PauseService "
            f"on resource: {arn} because no identity-based policy allows the apprunner:PauseService action"
        ),
        "statements:",
        "  Allow  Statement[0] (Look) of api.keys[1].policies[0]: is for other actions",
        "  Allow  Statement[1] (Own) of api.keys[1].policies[0]: needs StringEquals",
        "         aws:ResourceTag/owner ${aws:username}: it is bob",
        "  Allow  Statement[2] (Pass) of api.keys[1].policies[0]: is for other actions",
        "  Deny   Statement[3] (Never) of api.keys[1].policies[0]: is for other actions",
        "  Allow  Statement[4] (Tagged) of api.keys[1].policies[0]: is for other actions",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("ALICA", "ListServices"), "KEY = ALICA, must be one of ADMIN, ALICE"),
        (("ALICE", "ListService"), "ACTION = ListService, must be an action of App Runner"),
        (("ALICE", "PauseService"), "RESOURCE = nothing, must be the resource of apprunner:PauseService, such as"),
        (("ALICE", "iam:PassRole"), "such as arn:aws:iam::123456789012:role/NAME"),
        (("ALICE", "ListServices", "service/shop/1"), "must be left out: apprunner:ListServices has no resource"),
        (("ALICE", "ListServices", "--context", "aws:SourceIp"), "must be KEY=VALUE such as aws:SourceIp=203.0.113.7"),
    ],
)
def test_a_mistake_is_bad_input(config: str, words: tuple[str, ...], message: str) -> None:
    exit_code, output = explain(config, *words)
    assert exit_code == 2
    assert message in output
