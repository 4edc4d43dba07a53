"""Every fault that field trials found has a test (`python -m tests.house.rows --cases` lists them).

The existing tests, and whether they must pass, are known only after pytest has collected them, which takes seconds of
CPU time: that is a slow test. The plain tests read the text.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tests.house.rows import TESTS, cases, marked_files


@pytest.fixture(scope="module")
def proofs() -> dict[str, dict[str, list[int]]]:
    """Return case -> test -> (cases, cases that must pass), from another process: pytest cannot collect in pytest."""
    command = [sys.executable, "-m", "tests.house.rows", "--cases", "--json"]
    done = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def marking() -> str:
    """Return the text of the tests that have marks."""
    return "".join(path.read_text(encoding="utf-8") for path in marked_files("case"))


def test_a_case_is_in_the_list_once() -> None:
    names = [case.case for case in cases()]
    assert len(names) == len(set(names))


def test_every_case_has_an_observation_and_an_expectation() -> None:
    assert [case.case for case in cases() if not (case.situation and case.expected and case.severity)] == []


def test_every_case_is_named_by_a_test_or_has_a_reason() -> None:
    text = marking()
    assert [case.case for case in cases() if f'"{case.case}"' not in text and not case.exception] == []


def test_every_mark_with_literal_names_names_cases() -> None:
    marks = re.findall(r"mark\.case\(([^()]*)\)", marking())
    named = {case for mark in marks for case in re.findall(r'"([^"]+)"', mark)}
    assert len(named) > 100
    assert sorted(named - {case.case for case in cases()}) == []


@pytest.mark.slow
def test_every_case_has_a_test_that_must_pass_or_a_reason(proofs: dict[str, dict[str, list[int]]]) -> None:
    proved = {case for case, tests in proofs.items() if any(must_pass for _, must_pass in tests.values())}
    assert [case.case for case in cases() if case.case not in proved and not case.exception] == []


@pytest.mark.slow
def test_every_mark_names_a_case(proofs: dict[str, dict[str, list[int]]]) -> None:
    assert sorted(set(proofs) - {case.case for case in cases()}) == []
