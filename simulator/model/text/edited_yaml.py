"""Sets values in the text of a YAML file and keeps everything else: comments, order, quotes, anchors.

A value that exists is replaced where it stands; a missing key is added to the innermost mapping that exists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import yaml

from simulator.model.text.document import is_merge

_ANCHOR: Final = re.compile(r"&[^\s,\[\]{}]+\s+")


def with_values(text: str, values: Mapping[tuple[str, ...], str]) -> str:
    """Return the text with the YAML of each value (in flow style, on one line) at its path of keys.

    Raises:
        ValueError: if a part of the path is no mapping, or is not written at its place: it is an alias, or merged.
    """
    for path, value in values.items():
        text = _with_value(text, path, value)
    return text


def _with_value(text: str, path: tuple[str, ...], value: str) -> str:
    node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, key in enumerate(path):
        if not isinstance(node, yaml.MappingNode):
            raise _unsettable(path, depth, "no mapping")
        found = [(name, inner) for name, inner in node.value if name.value == key]
        if not found:
            if depth + 1 < len(path) and _merges(node, key):
                raise _unsettable(path, depth + 1, "merged by <<")  # a new mapping would hide what is merged
            return _added(text, node, path[depth:], value)
        ((name, inner),) = found
        if inner.start_mark.index < name.end_mark.index:
            raise _unsettable(path, depth + 1, "an alias")  # its node is elsewhere in the text
        node = inner
    assert node is not None, "a path has keys"
    begin, end = _content_start(text, node), node.end_mark.index
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        end = _block_end(text, begin, end)
    return text[:begin] + value + text[end:]


def _merges(node: yaml.MappingNode, key: str) -> bool:
    """Return True if `<<` merges a value of this key into the mapping."""
    merged = [source for name, source in node.value if is_merge(name)]
    sources = [each for one in merged for each in (one.value if isinstance(one, yaml.SequenceNode) else [one])]
    return any(_merges(each, key) or any(name.value == key for name, _ in each.value) for each in sources)


def _content_start(text: str, node: yaml.Node) -> int:
    """Return where a node begins behind its anchor, which stays."""
    begin = node.start_mark.index
    anchor = _ANCHOR.match(text, begin)
    return begin if anchor is None else anchor.end()


def _block_end(text: str, begin: int, end: int) -> int:
    """Return where a block ends, without the line break and without blank lines and comments after it, which PyYAML
    counts to it.
    """
    lines = text[begin:end].split("\n")
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return begin + len("\n".join(lines))


def _added(text: str, node: yaml.MappingNode, keys: Sequence[str], value: str) -> str:
    """Return the text with a new key in front of the first key of the mapping, the keys inside it in flow style."""
    first, *inner = keys
    for key in reversed(inner):
        value = f"{{{key}: {value}}}"
    if node.flow_style:
        begin = _content_start(text, node) + 1
        return f"{text[:begin]}{first}: {value}{', ' if node.value else ''}{text[begin:]}"
    start = node.value[0][0].start_mark
    return f"{text[: start.index]}{first}: {value}\n{' ' * start.column}{text[start.index :]}"


def _unsettable(path: Sequence[str], depth: int, what: str) -> ValueError:
    return ValueError(f"{'.'.join(path)}, must be set by hand: {'.'.join(path[:depth])} is {what}")
