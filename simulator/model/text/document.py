"""Parses YAML text into plain data, with the line and column of each value.

Scalars follow YAML 1.2's core schema (`no` and `1:30` are text, `1e3` is a number), because YAML 1.1 would convert
values such as durations unexpectedly. YAML 1.1's merge key `<<` is supported; a key next to it overrides a merged key.
The following are errors with line and column: syntax errors, duplicate keys, keys that are not text, tags, excessive
nesting or expansion of aliases (aliases are allowed, alias bombs are not), a top level that is not a mapping.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from simulator.model.text.problems import FileProblems, Problem
from simulator.model.text.yaml_errors import explained, place_of

Path = tuple[str | int, ...]

# A hand-written scenario has a few kilobytes; data belongs in separate CSV files.
FILE_BYTES_MAX: Final = 256 * 1024
# Number of values after alias expansion. 256 KB of text without aliases stay below it.
NODES_MAX: Final = 150_000
DEPTH_MAX: Final = 32

_TAG: Final = "tag:yaml.org,2002:"
_PLAIN: Final = frozenset({"bool", "int", "float"})


class _Loader(yaml.SafeLoader):
    """PyYAML's SafeLoader grammar with YAML 1.2 scalars."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own name

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > 2 * DEPTH_MAX:  # keys and values are counted; `_Reader` checks the exact depth
            raise yaml.MarkedYAMLError(None, None, "nesting is too deep", self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _resolve(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(_TAG + tag, re.compile(rf"^(?:{pattern})$"), list(first))


_resolve("null", r"~|null|Null|NULL|", "~nN")
_resolve("bool", r"true|True|TRUE|false|False|FALSE", "tTfF")
_resolve("int", r"[-+]?[0-9]+", "-+0123456789")
_resolve("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?", "-+0123456789.")
_Loader.yaml_implicit_resolvers.setdefault("", []).append((_TAG + "null", re.compile("^$")))


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: plain `data` (dict, list, str, int, float, bool, None) and the positions of its values.

    `places` maps a path to (line, column), both counted from 1. The last element of a path is a key or an index; its
    position is the start of that key or item.
    """

    file: str
    data: dict[str, Any]
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def place(self, path: Path) -> tuple[int, int]:
        """Return line and column of `path`, or of the nearest enclosing value that is in the file."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))

    def problem(self, path: Path, expected: str, *, found: str | None = None, near: str = "") -> Problem:
        """Return a `Problem` with the value at `path`."""
        line, column = self.place(path)
        given = self.found(path) if found is None else found
        return Problem(line, column, dotted(path), given, expected, near, self.file)

    def found(self, path: Path) -> str:
        """Return the value at `path`, shortened for a message; `nothing` if there is none."""
        value: Any = self.data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return "nothing"
        return shown(value)


def shown(value: object) -> str:
    """Return the text for a value in messages."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def parse_document(
    text: str, file: str = "scenario", *, such_as: str = "services", as_written: bool = False
) -> Document:
    """Parse YAML text.

    Args:
        text: the content of the file.
        file: the file's name in messages.
        such_as: example keys for the message about a top level that is not a mapping.
        as_written: keep numbers and booleans as text, so that `3.10` does not become 3.1.

    Raises:
        FileProblems: with the first syntax error (the text after it cannot be parsed), otherwise with every problem.
    """
    if len(text.encode()) > FILE_BYTES_MAX:
        found = f"{len(text.encode())} bytes"
        raise FileProblems([Problem(1, 1, "", found, f"at most {FILE_BYTES_MAX} bytes", file=file)])
    reader = _Reader(file, as_written=as_written)
    data = reader.value(_compose(text, file), (), 0)
    if not reader.problems and not isinstance(data, dict):
        reader.problems.append(Problem(1, 1, "", shown(data), f"a mapping of keys such as {such_as}", file=file))
    if reader.problems:
        raise FileProblems(reader.problems)
    return Document(file, data, reader.places)


def _compose(text: str, file: str) -> yaml.Node | None:
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line, column = place_of(error)
        found, expected = explained(error)
        raise FileProblems([Problem(line, column, "", found, expected, file=file)]) from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        found = f"the character {error.character!r}"
        raise FileProblems([Problem(line, column, "", found, "printable text", file=file)]) from error


class _Reader:
    """Converts nodes to data, and collects positions and problems."""

    def __init__(self, file: str, *, as_written: bool) -> None:
        self._as_written = as_written
        self.places: dict[Path, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self._file = file
        self._nodes = 0

    def value(self, node: yaml.Node | None, path: Path, depth: int) -> Any:
        """Return the plain data of `node`. The caller has already recorded the position of its key."""
        if node is None:
            return None
        if not self._is_bounded(node, path, depth):
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, (*path, index), depth) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _is_bounded(self, node: yaml.Node, path: Path, depth: int) -> bool:
        """Count the node. Return False if there are too many nodes or it is nested too deeply."""
        self._nodes += 1
        if self._nodes <= NODES_MAX and depth <= DEPTH_MAX:
            return True
        if self._nodes <= NODES_MAX + 1:  # report it once for the whole alias bomb
            bounds = f"at most {NODES_MAX} values after aliases, nested at most {DEPTH_MAX} deep"
            self._problem(node, path, "too much", bounds)
            self._nodes = NODES_MAX + 1
        return False

    def _item(self, node: yaml.Node, path: Path, depth: int) -> Any:
        self._note(path, node)
        return self.value(node, path, depth + 1)

    def _mapping(
        self, node: yaml.MappingNode, path: Path, depth: int, known: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """Return the mapping's data without the keys in `known`, which an enclosing mapping already defines."""
        data: dict[str, Any] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if is_merge(key_node):
                merged.append(value_node)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, path, "a key that is not text", "text")
                continue
            key = key_node.value
            if key in known:
                continue
            if key in data:
                first = self.places[(*path, key)][0]
                self._problem(key_node, (*path, key), f"a second {key}", f"given once; the first is in line {first}")
                continue
            self._note((*path, key), key_node)
            data[key] = self.value(value_node, (*path, key), depth + 1)
        for value_node in merged:
            self._merge(value_node, data, path, depth, known)
        return data

    def _merge(self, node: yaml.Node, data: dict[str, Any], path: Path, depth: int, known: frozenset[str]) -> None:
        """Add the keys that `<<` merges from a mapping, or from each mapping of a list, unless `data` has them."""
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(source, yaml.MappingNode):
                self._problem(source, path, "<< with something else", "a mapping, such as *name, or a list of mappings")
            elif self._is_bounded(source, path, depth + 1):
                data.update(self._mapping(source, path, depth + 1, known | data.keys()))

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        text: str = node.value
        match node.tag.removeprefix(_TAG):
            case "null":
                return None
            case kind if kind == "str" or (self._as_written and kind in _PLAIN):
                return text
            case "bool":
                return text.lower() == "true"
            case "int" if len(text) <= 20:
                return int(text)
            case "float" | "int":
                return float(text)
            case _:
                self._problem(node, path, f"the tag {node.tag}", "a plain value")
                return None

    def _note(self, path: Path, node: yaml.Node) -> None:
        self.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)

    def _problem(self, node: yaml.Node, path: Path, found: str, expected: str) -> None:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self.problems.append(Problem(line, column, dotted(path), found, expected, file=self._file))


def is_merge(node: yaml.Node) -> bool:
    """Return True for an unquoted `<<` (https://yaml.org/type/merge.html), which YAML 1.2 no longer defines."""
    return isinstance(node, yaml.ScalarNode) and node.value == "<<" and not node.style


def dotted(path: Path) -> str:
    """Return a path as text: `traffic[0].from` for `("traffic", 0, "from")`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")
