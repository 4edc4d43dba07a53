"""Files with web ACLs in the configuration of `serve`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.cli.platform.serve_config import load_config
from simulator.control.web_acl_files import load_web_acls
from simulator.scenario.problems import ScenarioError
from tests.rules.waf.acls import ARN, IPS, address_set, document, rule


def test_files_beside_the_configuration_become_the_web_acls_of_the_api(tmp_path: Path) -> None:
    given = document(rule({"IPSetReferenceStatement": {"ARN": IPS}}))
    (tmp_path / "acl.json").write_text(json.dumps(given), encoding="utf-8")
    (tmp_path / "ips.json").write_text(json.dumps([address_set("192.0.2.0/24")]), encoding="utf-8")
    config = tmp_path / "serve.yaml"
    config.write_text("waf: {files: [acl.json, ips.json]}", encoding="utf-8")

    acls = load_config(config).serving(tmp_path, "unix:///engine").control.api.web_acls

    assert {arn: each.name for arn, each in acls.items()} == {ARN: "shop"}


def test_a_file_that_does_not_exist_is_an_error_with_its_place(tmp_path: Path) -> None:
    config = tmp_path / "serve.yaml"
    config.write_text("waf:\n  files: [acl.json]", encoding="utf-8")

    with pytest.raises(ScenarioError, match=r"serve.yaml:2:\d+: waf.files.* = acl.json, must be"):
        load_config(config)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", r"acl.json:1:\d+: must be JSON: "),
        ("{}", "acl.json: the document = {}, must be an object with one of WebACL"),
    ],
)
def test_a_wrong_file_is_an_error_with_its_name(tmp_path: Path, content: str, expected: str) -> None:
    file = tmp_path / "acl.json"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(ValueError, match=expected):
        load_web_acls([file])


def test_a_file_that_cannot_be_read_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nothing\.json: No such file or directory"):
        load_web_acls([tmp_path / "nothing.json"])
