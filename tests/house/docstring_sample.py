"""Prints randomly chosen docstrings, for reading: `python -m tests.house.docstring_sample [SEED] [COUNT]`.

Every docstring of the package is equally likely: those of modules, classes and functions, and those below fields and
constants.
"""

from __future__ import annotations

import argparse
import ast
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from simulator.world.random_streams import RandomStreams

PACKAGE: Final = Path(__file__).parent.parent.parent / "simulator"
COUNT: Final = 50


class Docstring(NamedTuple):
    """A docstring and its place: the path below the checkout, the line, and the name of the described object."""

    path: str
    line: int
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.name}\n{textwrap.indent(self.text, '    ')}\n"


def docstrings(package: Path = PACKAGE) -> Iterator[Docstring]:
    """Yield the docstrings of a package in the order of paths and lines."""
    for path in sorted(package.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        place = path.relative_to(package.parent).as_posix()
        found = [Docstring(place, line, name, text) for line, name, text in _of(tree, "module")]
        yield from sorted(found, key=lambda each: each.line)


def _of(node: ast.AST, name: str) -> Iterator[tuple[int, str, str]]:
    """Yield the docstrings of `node` and of everything in it.

    A string below an assignment describes the assigned name.
    """
    body: list[ast.stmt] = getattr(node, "body", [])
    has_fields = isinstance(node, ast.Module | ast.ClassDef)
    described = name
    for position, statement in enumerate(body):
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            is_docstring = position == 0 or described != name
            if isinstance(statement.value.value, str) and is_docstring:
                yield statement.lineno, described, _clean(statement.value.value)
        described = name
        match statement:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _of(statement, statement.name if name == "module" else f"{name}.{statement.name}")
            case ast.AnnAssign(target=ast.Name(id=target)) | ast.Assign(targets=[ast.Name(id=target)]) if has_fields:
                described = target if name == "module" else f"{name}.{target}"
            case _:
                pass


def _clean(text: str) -> str:
    first, _, rest = text.partition("\n")
    return f"{first}\n{textwrap.dedent(rest)}".strip()


@cache
def _all_of(package: Path) -> list[Docstring]:
    return list(docstrings(package))


def sample(seed: int, count: int = COUNT, package: Path = PACKAGE) -> list[Docstring]:
    """Return `count` different docstrings, drawn with `seed`, in the order of their places."""
    drawn = _all_of(package)
    chosen = RandomStreams(seed).stream("docstrings").choice(len(drawn), count, replace=False)
    return [drawn[index] for index in sorted(chosen.tolist())]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print docstrings drawn at random.")
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("count", type=int, nargs="?", default=COUNT)
    arguments = parser.parse_args()
    sys.stdout.write("\n".join(map(str, sample(arguments.seed, arguments.count))))
