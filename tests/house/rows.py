"""Two lists of rows with their tests, made from the tests themselves.

`python -m tests.house.rows` lists the balancer's checklist (checklist.csv; tests marked `row`), and `python -m
tests.house.rows --cases` the faults that field trials found (cases.csv; tests marked `case`), each as a Markdown table.
With `--json` it prints the data that tests/house/test_checklist.py and test_cases.py check.
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

FOLDER = Path(__file__).parent
TESTS = FOLDER.parent


class Claim(NamedTuple):
    """A row of the checklist.

    `exception`: the part that is not satisfied here and the reason; empty if all of it is.
    """

    row: int
    claim: str
    source: str
    exception: str


class Case(NamedTuple):
    """One fault that field trials found.

    `exception`: why the case has no test, or which part of it is still not correct.
    """

    case: str
    area: str
    severity: str
    situation: str
    expected: str
    exception: str


@dataclass(slots=True)
class Proof:
    """One test function: the number of its cases that are marked with the row, and of those that must pass."""

    cases: int = 0
    must_pass: int = 0


@dataclass(slots=True)
class Rows:
    """A pytest plugin that collects the tests with a mark.

    `proofs`: row -> test function -> proof, with rows and functions in the order of collection.
    """

    mark: str
    proofs: dict[int | str, dict[str, Proof]] = field(default_factory=dict)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            passing = not any(item.iter_markers("xfail"))
            for mark in item.iter_markers(self.mark):
                for row in mark.args:
                    proof = self.proofs.setdefault(row, {}).setdefault(item.nodeid.partition("[")[0], Proof())
                    proof.cases += 1
                    proof.must_pass += passing


def claims() -> list[Claim]:
    with (FOLDER / "checklist.csv").open(encoding="utf-8", newline="") as file:
        return [Claim(int(row["row"]), row["claim"], row["source"], row["except"]) for row in csv.DictReader(file)]


def cases() -> list[Case]:
    with (FOLDER / "cases.csv").open(encoding="utf-8", newline="") as file:
        return [Case(*(row[name] for name in (*Case._fields[:-1], "except"))) for row in csv.DictReader(file)]


def marked_files(mark: str) -> list[Path]:
    """Return the files with the mark. Only these are collected, because the others cannot have a row."""
    return sorted(path for path in TESTS.rglob("test_*.py") if f"mark.{mark}(" in path.read_text(encoding="utf-8"))


def collect(mark: str) -> dict[int | str, dict[str, Proof]]:
    """Collect the tests with the mark. Raises SystemExit if collection fails."""
    rows = Rows(mark)
    # No terminal reporter, because only the list is printed. No -m, because slow tests count. No test runs, so asserts
    # need not be rewritten, which would take longer than everything else.
    options = ["--collect-only", "--assert=plain", "-p", "no:terminal", "-o", "addopts=--strict-markers"]
    options.append(f"--rootdir={TESTS.parent}")
    code = pytest.main([*options, *map(str, marked_files(mark))], plugins=[rows])
    if code != pytest.ExitCode.OK:
        sys.exit(f"the tests cannot be collected: {code!r}")
    return rows.proofs


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _tests(proofs: dict[str, Proof]) -> str:
    return "<br>".join(
        f"`{name}`" + (f" x {proof.cases}" if proof.cases > 1 else "") + (" (xfail)" if not proof.must_pass else "")
        for name, proof in proofs.items()
    )


def checklist_table() -> str:
    proofs = collect("row")
    lines = ["| row | claim | source | tests | except |", "|---|---|---|---|---|"]
    for claim in claims():
        tests = _tests(proofs.get(claim.row, {}))
        lines.append(f"| {claim.row} | {claim.claim} | {claim.source} | {tests} | {claim.exception} |")
    return "\n".join(lines)


def cases_table() -> str:
    proofs = collect("case")
    lines = ["| case | severity | situation | expected | tests | except |", "|---|---|---|---|---|---|"]
    for case in cases():
        cells = [case.case, case.severity, _cell(case.situation), _cell(case.expected)]
        lines.append(f"| {' | '.join(cells)} | {_tests(proofs.get(case.case, {}))} | {_cell(case.exception)} |")
    return "\n".join(lines)


def as_json(mark: str) -> str:
    return json.dumps(
        {
            row: {name: (proof.cases, proof.must_pass) for name, proof in tests.items()}
            for row, tests in collect(mark).items()
        }
    )


def main(arguments: list[str]) -> str:
    of_cases = "--cases" in arguments
    if "--json" in arguments:
        return as_json("case" if of_cases else "row")
    return cases_table() if of_cases else checklist_table()


if __name__ == "__main__":
    print(main(sys.argv[1:]))  # noqa: T201 a command
