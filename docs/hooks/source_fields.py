"""The fields of a frozen dataclass with what the source says beside them: the default, and the reason for it.

A parameter's source stands as a comment above it or behind it, and comments are no part of what Python remembers of a
class. So its file is read again.
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
    name: str
    kind: str  # its annotation
    default: str  # as the source writes it; empty when there is none
    comment: str  # above it and behind it, as one text


def source_fields(owner: type) -> list[SourceField]:
    """In the order of the class."""
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
    """Line to comment, without its mark."""
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
