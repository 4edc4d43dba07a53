"""The fields of a dataclass with their defaults and comments in the source.

The reason for a default is a comment above the field or after it. A class does not keep its comments, so its source
file is read.
"""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
import tokenize
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceField:
    """A field of a dataclass as its source declares it."""

    name: str
    kind: str  # the annotation
    default: str  # the expression in the source; empty without a default
    comment: str  # the comments above and after the field, joined


def source_fields(owner: type) -> list[SourceField]:
    """Return the fields in the order of the class body."""
    source = textwrap.dedent(inspect.getsource(owner))
    comments = _comments(source)
    body = ast.parse(source).body[0]
    assert isinstance(body, ast.ClassDef)
    fields = []
    for node in body.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            default = "" if node.value is None else ast.unparse(node.value)
            comment = _comment_of(node, comments)
            fields.append(SourceField(node.target.id, ast.unparse(node.annotation), default, comment))
    return fields


def _comments(source: str) -> dict[int, str]:
    """Map line numbers to the comments on them, without `#`."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def _comment_of(node: ast.AnnAssign, comments: dict[int, str]) -> str:
    line = node.lineno - 1
    above: list[str] = []
    while line in comments:
        above.insert(0, comments[line])
        line -= 1
    last = node.end_lineno or node.lineno
    behind = [comments[line] for line in range(node.lineno, last + 1) if line in comments]
    return " ".join(above + behind)
