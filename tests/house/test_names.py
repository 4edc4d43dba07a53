"""A public class name is defined once, so that a search for it ends at one place."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

# Names of two classes, with the reason of each.
SHARED: dict[str, str] = {}


def public_classes(folder: Path) -> dict[str, list[str]]:
    """Return public module-level classes of the package in `folder` -> the modules that define them."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(folder)))
    return dict(found)


def test_a_public_class_name_is_defined_once() -> None:
    classes = public_classes(ROOT / "simulator")
    twice = {name: modules for name, modules in classes.items() if len(modules) > 1 and name not in SHARED}
    assert twice == {}, "qualify each with the field's term for what it is"


def test_a_shared_name_that_is_no_longer_shared_leaves_the_list() -> None:
    classes = public_classes(ROOT / "simulator")
    assert [name for name in SHARED if len(classes.get(name, ())) < 2] == []


@pytest.mark.parametrize(
    ("second", "expected"),
    [("class Entry: ...", {"Entry": ["first.py", "second.py"]}), ("class _Entry: ...", {"Entry": ["first.py"]})],
)
def test_a_name_that_is_defined_twice_is_found(tmp_path: Path, second: str, expected: dict[str, list[str]]) -> None:
    (tmp_path / "first.py").write_text("class Entry: ...\n", encoding="utf-8")
    (tmp_path / "second.py").write_text(second + "\n", encoding="utf-8")
    assert public_classes(tmp_path) == expected
