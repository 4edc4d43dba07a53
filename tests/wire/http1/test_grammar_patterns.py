"""The patterns of the grammar use only constructs that every supported release of Python matches correctly."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.wire.http1 import grammar

# Modules without documented types: releases of mypy differ in what they know of them.
constants: Any = importlib.import_module("re._constants")
parser: Any = importlib.import_module("re._parser")
PATTERNS = {name: each for name, each in vars(grammar).items() if isinstance(each, re.Pattern)}
SINGLE = (constants.IN, constants.LITERAL, constants.NOT_LITERAL, constants.ANY)


def possessive_groups(node: Any) -> Iterator[Any]:
    """Yield the groups of more than one byte that possessive quantifiers repeat."""
    if isinstance(node, tuple) and node and node[0] is constants.POSSESSIVE_REPEAT:
        repeated = node[1][2]
        if len(repeated) != 1 or repeated[0][0] not in SINGLE:
            yield repeated
    if isinstance(node, tuple | list | parser.SubPattern):
        for each in node:
            yield from possessive_groups(each)


def test_the_search_finds_a_possessive_group_and_no_possessive_byte() -> None:
    assert list(possessive_groups(parser.parse(r"x((?:a|bc)*+)y")))
    assert not list(possessive_groups(parser.parse(r"(x[ab]*+)y++")))


@pytest.mark.parametrize("name", PATTERNS)
def test_no_repeated_group_is_possessive(name: str) -> None:
    """With Python 3.11.2 `3(?:;[a]++)*+$` matches `3;`, so an invalid chunk extension would be accepted."""
    assert not list(possessive_groups(parser.parse(PATTERNS[name].pattern.decode("latin-1"))))
