"""Explains YAML syntax errors: what the parser found, and what to write instead."""

from __future__ import annotations

import re
from typing import Final

import yaml

_BLOCK: Final = "indented like the other keys or items of its block"

# (pattern of the parser's message, what was found, what is expected). The first match applies.
_WORDS: Final[tuple[tuple[str, str, str], ...]] = (
    (r"found character '\\t'", "a tab", "spaces: YAML is not indented with tabs"),
    (
        r"mapping values are not allowed",
        "a second `: ` or a line that is indented too far",
        f"{_BLOCK}, and a text with `: ` in it in quotes",
    ),
    (r"could not find expected ':'", "a line without `:`", "`key: value`, or part of a text in quotes"),
    (
        r"expected <block end>, but found '-'",
        "an item where a key should be",
        "below a key of its own; a list and keys are not mixed in one block",
    ),
    (r"expected <block end>, but found", "a line that does not fit the lines above", _BLOCK),
    (r"found unexpected end of stream", "a quotation mark that is not closed", "closed by the same quotation mark"),
    (r"expected ',' or '\]'", "a list in [ ] that is not closed", "`[one, two]`, or items with `- ` below each other"),
    (r"expected ',' or '\}'", "a mapping in { } that is not closed", "`{key: value}`, or keys below each other"),
    (r"found undefined alias", "a text that begins with *", "in quotes: without them * refers to an anchor"),
    (r"expected alphabetic or numeric character", "a text that begins with * or &", "in quotes"),
    (r"found character '(?P<what>[^']+)' that cannot start", "a text that begins with {what}", "in quotes"),
    (
        r"found unknown escape character",
        'a backslash in a text in "double quotes"',
        "written twice, or in a text in 'single quotes'",
    ),
    (
        r"expected the node content.*'<stream end>'.*flow node",
        "a [ or { that is not closed",
        "closed, or items with `- ` below each other",
    ),
    (
        r"expected the node content|expected <document start>",
        "something after the end of the document, or nothing where a value belongs",
        "one document: `key: value` below each other",
    ),
    (r"expected a single document", "a second document", "one document: without a line `---` in between"),
    (r"nesting is too deep", "nesting that is too deep", "YAML of a sensible depth"),
)


def explained(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    """Return what was found and what is expected, for the message `file = FOUND, must be EXPECTED`."""
    message = " ".join(part for part in (error.problem, error.context) if part)
    for pattern, found, expected in _WORDS:
        match = re.search(pattern, message)
        if match:
            return found.replace("{what}", match.groupdict().get("what") or ""), expected
    return message, "YAML"


def place_of(error: yaml.MarkedYAMLError) -> tuple[int, int]:
    """Return line and column (from 1) of the error; for a construct that is not closed, those of its start."""
    mark = error.problem_mark or error.context_mark
    opened = error.context_mark is not None and re.search(
        r"unexpected end of stream|expected ',' or|could not find expected ':'", error.problem or ""
    )
    if opened:
        mark = error.context_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
