"""Fifty randomly chosen docstrings, for reading: `pytest -n 0 -rP tests/house/test_docstring_sample.py`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.house.docstring_sample import COUNT, Docstring, docstrings, sample

SEED = 33
SOURCE = '''"""A module."""

LIMIT = 3
"""A constant."""
"""Not its docstring."""


class Box:
    """A class.

    Two lines.
    """

    size: int
    """A field."""

    def fill(self) -> None:
        """A method."""
        text = "no docstring"
        """Nor this one."""
'''


def test_the_draw_is_the_same_for_the_same_seed() -> None:
    drawn = sample(SEED)
    assert drawn == sample(SEED)
    assert drawn != sample(SEED + 1)
    assert len(set(drawn)) == COUNT
    sys.stdout.write("\n".join(map(str, drawn)))


def test_docstrings_of_modules_classes_functions_fields_and_constants_are_drawn(tmp_path: Path) -> None:
    (tmp_path / "boxes").mkdir()
    (tmp_path / "boxes" / "box.py").write_text(SOURCE, encoding="utf-8")
    assert list(docstrings(tmp_path / "boxes")) == [
        Docstring("boxes/box.py", 1, "module", "A module."),
        Docstring("boxes/box.py", 4, "LIMIT", "A constant."),
        Docstring("boxes/box.py", 9, "Box", "A class.\n\nTwo lines."),
        Docstring("boxes/box.py", 15, "Box.size", "A field."),
        Docstring("boxes/box.py", 18, "Box.fill", "A method."),
    ]
