"""Access keys with policies in the configuration: sources, places of errors, warnings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.api.access_keys import AccessKey, AccessKeys
from simulator.cli.access.keys_section import MANAGED, policy_warnings
from simulator.cli.platform.serve_config import load_config
from simulator.rules.iam.managed_policies import MANAGED_POLICIES
from simulator.scenario.problems import ScenarioError

GOOD = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "apprunner:*", "Resource": "*"}}


def keys_of(folder: Path, *lines: str) -> AccessKeys:
    text = "\n".join(["api:", "  keys:", "    - access_key_id: A", "      secret_access_key: s", *lines])
    file = folder / "serve.yaml"
    file.write_text(text, encoding="utf-8")
    return load_config(file).settings(None).authentication.keys


def key_of(folder: Path, *lines: str) -> AccessKey:
    (key,) = keys_of(folder, *lines)
    return key


def errors(folder: Path, *lines: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        keys_of(folder, *lines)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def test_a_key_without_policies_has_no_identity(tmp_path: Path) -> None:
    assert key_of(tmp_path).identity is None


def test_the_names_of_the_managed_policies_are_those_of_the_rules() -> None:
    assert sorted(MANAGED) == sorted(MANAGED_POLICIES)


def test_policies_of_every_source(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_text(json.dumps(GOOD), encoding="utf-8")
    identity = key_of(
        tmp_path,
        "      principal_tags: {team: blue}",
        "      policies:",
        "        - dev.json",
        "        - AWSAppRunnerReadOnlyAccess",
        "        - arn:aws:iam::aws:policy/AWSAppRunnerFullAccess",
        f"        - {json.dumps(GOOD)}",
        "      permissions_boundary: dev.json",
        f"      session_policies: [{json.dumps(GOOD)}]",
    ).identity
    assert identity is not None
    assert [each.name for each in identity.policies or ()] == [
        "dev.json",
        "AWSAppRunnerReadOnlyAccess",
        "AWSAppRunnerFullAccess",
        "api.keys[0].policies[3]",
    ]
    assert identity.boundary is not None
    assert [each.name for each in identity.session_policies] == ["api.keys[0].session_policies[0]"]
    assert (identity.arn, identity.tags) == ("arn:aws:iam::123456789012:user/A", {"team": "blue"})


def test_a_json_file_may_be_indented_with_tabs(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_text(json.dumps(GOOD, indent="\t"), encoding="utf-8")
    identity = key_of(tmp_path, "      policies: [dev.json]").identity
    assert identity is not None
    assert len(identity.policies or ()) == 1


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ["      policies: [AWSAppRunnerReadOnly]"],
            (
                "serve.yaml:5:18: api.keys[0].policies[0] = AWSAppRunnerReadOnly, must be a policy: a policy document, "
                "the path of a JSON file, or AWSAppRunnerFullAccess, AWSAppRunnerReadOnlyAccess; "
                "did you mean `AWSAppRunnerReadOnlyAccess`?"
            ),
        ),
        (["      policies: []"], "serve.yaml:5:7: api.keys[0].policies = a list, must be at least 1 long"),
        (
            ["      principal_arn: alice"],
            (
                "serve.yaml:5:7: api.keys[0].principal_arn = alice, must be the ARN of a user or of a role's session, "
                "such as arn:aws:iam::123456789012:user/alice or arn:aws:sts::123456789012:assumed-role/deploy/ci"
            ),
        ),
        (
            ["      principal_arn: arn:aws:iam::999999999999:user/alice"],
            (
                "serve.yaml:5:7: api.keys[0].principal_arn = arn:aws:iam::999999999999:user/alice, "
                "must be of the key's account 123456789012"
            ),
        ),
        (
            ["      policies:", "        - Version: 2012-10-17", "          Statement:", "            Efect: Allow"],
            (
                "serve.yaml:8:13: api.keys[0].policies[0].Statement.Efect = Allow, must be an element of a statement: "
                "Sid, Effect, Action, NotAction, Resource, NotResource, Condition; did you mean `Effect`?"
            ),
        ),
        (["      permissions_boundary: {}"], "serve.yaml:5:7: api.keys[0].permissions_boundary.Statement = nothing"),
        (["      policy: x"], "did you mean `policies`?"),
    ],
)
def test_an_error_names_its_place(tmp_path: Path, lines: list[str], expected: str) -> None:
    assert any(expected in each for each in errors(tmp_path, *lines)), errors(tmp_path, *lines)


def test_errors_of_a_policy_file_have_its_lines(tmp_path: Path) -> None:
    bad: dict[str, Any] = {"Version": "2012-10-17", "Statement": [{**GOOD["Statement"], "Effect": "allow"}]}  # type: ignore[dict-item]
    (tmp_path / "dev.json").write_text(json.dumps(bad, indent=2), encoding="utf-8")
    assert errors(tmp_path, "      policies: [dev.json]") == [
        "dev.json:5:7: Statement[0].Effect = allow, must be Allow or Deny; did you mean `Allow`?"
    ]


def test_a_file_that_is_no_json_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_text("{", encoding="utf-8")
    (found,) = errors(tmp_path, "      policies: [dev.json]")
    assert found.startswith("dev.json:")


def test_the_problems_of_all_keys_are_reported(tmp_path: Path) -> None:
    found = errors(
        tmp_path,
        "      principal_arn: alice",
        "    - access_key_id: B",
        "      secret_access_key: s",
        "      policies: [{}]",
    )
    assert [each.split(" ")[1] for each in found] == ["api.keys[0].principal_arn", "api.keys[1].policies[0].Statement"]


def test_each_warning_is_printed_once(tmp_path: Path) -> None:
    old = json.dumps({"Statement": GOOD["Statement"]})
    (tmp_path / "dev.json").write_text(old, encoding="utf-8")
    keys = keys_of(tmp_path, "      policies: [dev.json, AWSAppRunnerFullAccess]", "      session_policies: [dev.json]")
    (warning,) = policy_warnings(keys)
    assert warning.startswith("dev.json: no Version, so 2008-10-17 applies")


def large(count: int) -> str:
    """Return a policy with `count` statements of about 70 characters each."""
    statements = [{"Effect": "Allow", "Action": "apprunner:*", "Resource": "*", "Sid": f"s{n}"} for n in range(count)]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=4)


def test_policies_larger_than_aws_allows_are_errors_at_their_places(tmp_path: Path) -> None:
    (tmp_path / "large.json").write_text(large(100), encoding="utf-8")
    (tmp_path / "small.json").write_text(large(20), encoding="utf-8")
    found = errors(
        tmp_path,
        "      policies: [small.json, large.json]",
        "      permissions_boundary: large.json",
        "      session_policies: [small.json, small.json]",
    )
    assert [line.partition(", not")[0] for line in found] == [
        "serve.yaml:5:7: api.keys[0].policies = large.json, must be at most 6,144 characters without white space",
        (
            "serve.yaml:6:7: api.keys[0].permissions_boundary = large.json, must be at most 6,144 characters without "
            "white space"
        ),
        (
            "serve.yaml:7:7: api.keys[0].session_policies = small.json, small.json, must be at most 2,048 characters "
            "without white space"
        ),
    ]


def test_the_policies_of_a_role_may_be_larger(tmp_path: Path) -> None:
    (tmp_path / "large.json").write_text(large(100), encoding="utf-8")
    role = "      principal_arn: arn:aws:sts::123456789012:assumed-role/deploy/ci"
    assert key_of(tmp_path, role, "      policies: [large.json]").identity is not None
