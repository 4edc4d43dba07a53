"""Every row of the balancer's checklist has a test (`python -m tests.house.rows` lists them)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.house.rows import TESTS, claims

ROWS = range(1, 137)  # the checklist has 136 rows
ELSEWHERE = {124}  # about commands: tests/cli has it without marks


@pytest.fixture(scope="module")
def proofs() -> dict[int, dict[str, list[int]]]:
    """Return row -> test -> (cases, cases that must pass), from another process: pytest cannot collect in pytest."""
    command = [sys.executable, "-m", "tests.house.rows", "--json"]
    done = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {int(row): tests for row, tests in json.loads(done.stdout).items()}


def test_every_row_has_its_claim_once_and_in_order() -> None:
    assert [claim.row for claim in claims()] == list(ROWS)


def test_every_claim_has_a_text_and_a_source() -> None:
    assert [claim.row for claim in claims() if not claim.claim or not claim.source] == []


def test_every_row_has_a_test(proofs: dict[int, dict[str, list[int]]]) -> None:
    assert [row for row in ROWS if row not in proofs and row not in ELSEWHERE] == []


def test_every_mark_names_a_row(proofs: dict[int, dict[str, list[int]]]) -> None:
    assert [row for row in proofs if row not in ROWS] == []


def test_a_row_without_a_test_that_must_pass_has_a_reason(proofs: dict[int, dict[str, list[int]]]) -> None:
    excused = {claim.row for claim in claims() if claim.exception}
    unproved = [row for row, tests in proofs.items() if not any(must_pass for _, must_pass in tests.values())]
    assert set(unproved) - excused == set()
