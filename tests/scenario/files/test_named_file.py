"""Files that scenarios name, with and without a limit to folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.scenario.files.named_file import named_file, only_files_below
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario

SCENARIO = """
duration: 10s
services: {web: {application: %s, web_acl: %s}}
traffic: [%s]
aws: {secrets_file: %s}
"""
SIMULATED = "{simulated: {io: 50ms}}"
POISSON = "{name: a, poisson: {rate: 5/s}}"


def test_without_a_limit_any_file_may_be_named(tmp_path: Path) -> None:
    assert named_file(tmp_path, "../x.csv", "file") == tmp_path / "../x.csv"
    assert named_file(tmp_path, "/etc/hosts", "file") == Path("/etc/hosts")


def test_with_a_limit_files_below_its_folders_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with only_files_below(tmp_path / "a", tmp_path / "b"):
        assert named_file(tmp_path / "a", "x.csv", "file") == tmp_path / "a/x.csv"
        assert named_file(tmp_path / "a", "../b/x.csv", "file").resolve() == tmp_path / "b/x.csv"
    assert named_file(tmp_path / "a", "/etc/hosts", "file") == Path("/etc/hosts"), "the limit ends with the block"


@pytest.mark.parametrize("value", ["../outside.csv", "/etc/hosts", "link.csv", "x/../../outside.csv"])
def test_with_a_limit_other_files_are_an_error(tmp_path: Path, value: str) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    with only_files_below(folder), pytest.raises(ValueError, match=rf"file = '{value}', must be below {folder}"):
        named_file(folder, value, "file")


@pytest.mark.parametrize(
    ("application", "web_acl", "source", "secrets_file", "place"),
    [
        (SIMULATED, "null", "{name: a, bins: {file: SECRET, bin: 1s}}", "null", "traffic[0].bins.file"),
        (SIMULATED, "null", "{name: a, bins: {file: SECRET, bin: 1s, column: n}}", "null", "traffic[0].bins.file"),
        (SIMULATED, "null", "{name: a, trace: {file: SECRET}}", "null", "traffic[0].trace.file"),
        (SIMULATED, "null", "{name: a, poisson: {rate: 5/s}, data: SECRET}", "null", "traffic[0].data"),
        (SIMULATED, "SECRET", POISSON, "null", "services.web.web_acl"),
        (SIMULATED, "null", POISSON, "SECRET", "aws.secrets_file"),
        ("{model: SECRET}", "null", POISSON, "null", "services.web.application.model"),
        ("{process: {command: a, working_directory: ..}}", "null", POISSON, "null", "working_directory"),
        ("{source_code: {folder: ..}}", "null", POISSON, "null", "services.web.application.source_code"),
    ],
)
def test_each_key_of_a_scenario_that_names_a_file_obeys_the_limit(
    tmp_path: Path, application: str, web_acl: str, source: str, secrets_file: str, place: str
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret\n1\n")
    folder = tmp_path / "a"
    folder.mkdir()
    text = SCENARIO % (application, web_acl, source, secrets_file)
    with only_files_below(folder), pytest.raises(ScenarioError) as raised:
        read_scenario(text.replace("SECRET", str(secret)), folder=folder)
    message = str(raised.value)
    assert place in message
    assert f"must be below {folder}" in message
    assert "the secret" not in message
