"""Hints for mistakes of real apprunner.yaml files."""

from __future__ import annotations

import pytest

from simulator.builds.config.hints import belongs, expected_form, runtime_hint
from simulator.model.text.document import Path


@pytest.mark.parametrize(
    ("path", "part"),
    [
        (("run", "commands"), "run.command"),
        (("run", "env", 0, "DEBUG"), "`- name: DEBUG` with `value: VALUE`"),
        (("run", "secrets", 0, "KEY"), "`- name: KEY` with `value-from: ARN or name`"),
        (("command",), "below run"),
        (("pre_build",), "below build.commands"),
        (("cpu",), "CreateService"),
        (("run", "memory"), "CreateService"),
    ],
)
def test_an_unknown_key_has_the_place_where_it_is_valid(path: Path, part: str) -> None:
    assert part in belongs(path)


@pytest.mark.parametrize("path", [("colour",), ("run", "env", 0, "value"), ("a", "b", "cpu")])
def test_a_key_that_is_valid_nowhere_has_no_hint(path: Path) -> None:
    assert belongs(path) == ""


@pytest.mark.parametrize(
    ("path", "part"),
    [
        (("build",), "commands:"),
        (("build", "commands"), "pre-build:"),
        (("run", "network", "env"), "one variable"),
        (("run", "env"), "a list of `- name: NAME`"),
        (("run", "env", 3), "`- name: NAME`"),
        (("run", "command"), "no shell runs"),
    ],
)
def test_a_wrong_form_has_the_right_one(path: Path, part: str) -> None:
    assert part in expected_form(path)


def test_an_item_is_not_described_as_a_list() -> None:
    assert "a list of" not in expected_form(("run", "env", 3))
    assert expected_form(("version",)) == ""
    assert expected_form(()) == ""


@pytest.mark.parametrize(
    ("name", "hint"),
    [("node", "`nodejs22`"), (" Python ", "`python311`"), ("PYTHON_311", "`python311`, as files write PYTHON_311")],
)
def test_an_unknown_runtime_has_the_probable_one(name: str, hint: str) -> None:
    assert runtime_hint(name) == hint


def test_a_container_is_no_runtime_and_a_strange_word_has_no_hint() -> None:
    assert "builds no Dockerfile" in runtime_hint("docker")
    assert runtime_hint("cobol") == ""
