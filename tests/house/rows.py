"""The list of the balancer's checklist, row -> tests, made from the tests themselves.

`python -m tests.house.rows` collects every test that has a `row` mark and prints the list as a Markdown table;
`--json` prints what tests/house/test_checklist.py judges. The claims are in checklist.csv, in our own words.
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
    """`exception` says what of the row does not hold here and why; empty when all of it does."""

    row: int
    claim: str
    source: str
    exception: str


@dataclass(slots=True)
class Proof:
    """One test function: how many cases of it are marked with the row, and how many of those have to pass."""

    cases: int = 0
    must_pass: int = 0


@dataclass(slots=True)
class Rows:
    """A pytest plugin. `proofs`: row -> test function -> proof, rows and functions in the order of collection."""

    proofs: dict[int, dict[str, Proof]] = field(default_factory=dict)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            passing = not any(item.iter_markers("xfail"))
            for mark in item.iter_markers("row"):
                for row in mark.args:
                    proof = self.proofs.setdefault(row, {}).setdefault(item.nodeid.partition("[")[0], Proof())
                    proof.cases += 1
                    proof.must_pass += passing


def claims() -> list[Claim]:
    with (FOLDER / "checklist.csv").open(encoding="utf-8", newline="") as file:
        return [Claim(int(row["row"]), row["claim"], row["source"], row["except"]) for row in csv.DictReader(file)]


def marked_files() -> list[Path]:
    """Only these are collected: the others cannot have a row."""
    return sorted(path for path in TESTS.rglob("test_*.py") if "mark.row(" in path.read_text(encoding="utf-8"))


def collect() -> dict[int, dict[str, Proof]]:
    """Raises SystemExit when the tests cannot be collected."""
    rows = Rows()
    # No terminal reporter: the list is all there is to read. No -m: slow tests count.
    options = ["--collect-only", "-p", "no:terminal", "-o", "addopts=--strict-markers", f"--rootdir={TESTS.parent}"]
    code = pytest.main([*options, *map(str, marked_files())], plugins=[rows])
    if code != pytest.ExitCode.OK:
        sys.exit(f"the tests cannot be collected: {code!r}")
    return rows.proofs


def table() -> str:
    proofs = collect()
    lines = ["| row | claim | source | tests | except |", "|---|---|---|---|---|"]
    for claim in claims():
        tests = "<br>".join(
            f"`{name}`" + (f" x {proof.cases}" if proof.cases > 1 else "") + (" (xfail)" if not proof.must_pass else "")
            for name, proof in proofs.get(claim.row, {}).items()
        )
        lines.append(f"| {claim.row} | {claim.claim} | {claim.source} | {tests} | {claim.exception} |")
    return "\n".join(lines)


def as_json() -> str:
    return json.dumps(
        {
            row: {name: (proof.cases, proof.must_pass) for name, proof in tests.items()}
            for row, tests in collect().items()
        }
    )


if __name__ == "__main__":
    print(as_json() if "--json" in sys.argv[1:] else table())  # noqa: T201 a command
