"""The page of features: each row names tests that exist, and its links and kinds of tests are as it says."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "reference" / "features.md"
# The features that the control plane once only stored, or that needed AWS.
BESIDE = "## What needs something beside the simulator"
BESIDE_COUNT = 17

_TEST = re.compile(r"`(tests/[a-z0-9_/]+\.py)(?:::(test_[a-z0-9_]+))?`")


def rows() -> list[tuple[str, str, str]]:
    """Heading, feature and last column of each row."""
    found, heading = [], ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line
        elif line.startswith("|") and not line.startswith(("| Feature ", "|---")):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert len(cells) == 3, line
            found.append((heading, cells[0], cells[2]))
    return found


@cache
def names_in(file: str) -> frozenset[str]:
    path = ROOT / file
    assert path.is_file(), f"{file} does not exist"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds) and node.name.startswith("test_"))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[1])
def test_every_feature_names_tests_that_exist(row: tuple[str, str, str]) -> None:
    _, feature, column = row
    named = _TEST.findall(column)
    assert named, f"{feature}: names no test"
    assert _TEST.sub("", column).replace(",", "").strip() == "", f"{feature}: {column}"
    for file, name in named:
        assert names_in(file), file
        assert not name or name in names_in(file), f"{feature}: {file} has no {name}"


def test_the_features_that_need_something_beside_the_simulator_are_complete() -> None:
    assert sum(heading == BESIDE for heading, _, _ in rows()) == BESIDE_COUNT
    names = [feature for _, feature, _ in rows()]
    assert len(names) == len(set(names))
