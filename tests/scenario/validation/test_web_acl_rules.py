"""Problems of web ACLs in a scenario: each at its place, with the value, what is expected and the nearest word."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import load_scenario
from tests.rules.waf.acls import byte_match, document, rule

ADMIN = rule(byte_match(b"/admin", {"UriPath": {}}), name="admin")


def problems(folder: Path, acl: str, checks: str = "[]") -> list[str]:
    file = folder / "s.yaml"
    file.write_text(
        f"duration: 1s\nservices:\n  web:\n    web_acl: {acl}\n    application: {{simulated: {{io: 1ms}}}}\n"
        f"traffic: []\nchecks: {checks}\n",
        encoding="utf-8",
    )
    try:
        load_scenario(file)
    except ScenarioError as error:
        return [str(each).removeprefix(f"{folder}/") for each in error.problems]
    return []


def test_a_file_beside_the_scenario_is_read(tmp_path: Path) -> None:
    (tmp_path / "acl.json").write_text(json.dumps(document(ADMIN)), encoding="utf-8")
    assert problems(tmp_path, "acl.json", '["blocked_ratio{rule:admin} < 1 %"]') == []
    scenario = load_scenario(tmp_path / "s.yaml")
    assert scenario.files == [tmp_path / "s.yaml", tmp_path / "acl.json"]
    acl = scenario.services["web"].web_acl
    assert acl is not None
    assert acl.build().rule_names == ["admin", "Default_Action"]


@pytest.mark.parametrize(
    ("acl", "expected"),
    [
        ("none.json", "s.yaml:4: services.web.web_acl = none.json, must be an existing file"),
        ("7", "s.yaml:4: services.web.web_acl = 7, must be a file, a document of AWS WAF, or a list of these"),
        ("{DefaultAction: {}}", "s.yaml:4: services.web.web_acl.DefaultAction = a mapping, must be an object with"),
        (
            "{DefaultAction: {Allow: {}}, Rules: [{Name: a, Priority: x}]}",
            "s.yaml:4: services.web.web_acl.Rules[0].Statement = nothing, must be given",
        ),
        (
            "[{DefaultAction: {Allow: {}}, Rule: []}]",
            "s.yaml:4: services.web.web_acl[0].Rule = a list, must be left out: known are",
        ),
        ("[]", "s.yaml:4: services.web.web_acl = a list, must be one web ACL with the sets and groups"),
        ("acl.json", "s.yaml:4: services.web.web_acl = acl.json, must be right: "),
        ("text.json", "s.yaml:4: services.web.web_acl = text.json, must be JSON as `aws wafv2 get-web-acl` prints"),
    ],
)
def test_a_problem_names_place_and_value(tmp_path: Path, acl: str, expected: str) -> None:
    wrong = document(ADMIN | {"Action": {"Blok": {}}})
    (tmp_path / "acl.json").write_text(json.dumps(wrong), encoding="utf-8")
    (tmp_path / "text.json").write_text("{", encoding="utf-8")
    found = problems(tmp_path, acl)
    assert len(found) == 1, found
    assert re.sub(r"^(s.yaml:4):[0-9]+", r"\1", found[0]).startswith(expected)


def test_the_error_in_a_file_names_the_file_and_the_nearest_word(tmp_path: Path) -> None:
    wrong = document(ADMIN | {"Action": {"Blok": {}}})
    (tmp_path / "acl.json").write_text(json.dumps(wrong), encoding="utf-8")
    (found,) = problems(tmp_path, "acl.json")
    assert "acl.json: WebACL.Rules[0].Action.Blok" in found
    assert "did you mean `Block`?" in found


def test_a_check_names_a_rule_that_exists(tmp_path: Path) -> None:
    acl = json.dumps(document(ADMIN)["WebACL"])
    (found,) = problems(tmp_path, acl, '["blocked_ratio{rule:admni} < 1 %"]')
    assert "must be about a rule of a web ACL: admin, Default_Action; did you mean `admin`?" in found


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("p95{rule:admin} < 1 s", "only blocked_ratio is about a rule"),
        ("blocked_ratio{rule:admin} < 1 % for 90 % of the time", "without rule for a share of the time"),
    ],
)
def test_a_rule_is_a_tag_of_blocked_ratio_only(tmp_path: Path, check: str, expected: str) -> None:
    (found,) = problems(tmp_path, json.dumps(document(ADMIN)), json.dumps([check]))
    assert expected in found


def test_addresses_are_addresses_or_ranges(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        "duration: 1s\nservices: {web: {application: {simulated: {io: 1ms}}}}\n"
        "traffic: [{clock: {rate: 1/s}, addresses: [198.51.100.7/24]}]\n",
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError, match=r"addresses\[0\] = 198.51.100.7/24, must be an address: one such as 198"):
        load_scenario(file)
