"""A test plan of JMeter as a tree of its enabled elements, with the values of its variables.

Format: a .jmx file is XML; a `hashTree` has elements, each followed by the `hashTree` of its children. Properties are
`stringProp`, `intProp` and others with a `name`; `elementProp` and `collectionProp` contain further ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from simulator.ingest.formats.json_document import DOCUMENT_BYTES_MAX
from simulator.ingest.input_file import InputFile

# Elements within each other; a plan that a person has made has a dozen.
DEPTH_MAX: Final = 200
_REFERENCE: Final = re.compile(r"\$\{([^${}]*)\}")
_PROPERTY: Final = re.compile(r"__(?:P|property)\((.*)\)")
_TREE: Final = "hashTree"
_NESTED_MAX: Final = 5
# Characters of a property with the values of its variables, which may refer to each other.
TEXT_MAX: Final = 20_000
_BUFFER_BYTES: Final = 1024**2


@dataclass(slots=True)
class Element:
    """An element of the file. `line`: its place. `parts`: the elements in it; `text`: its characters."""

    tag: str
    attributes: dict[str, str]
    line: int
    parts: list[Element] = field(default_factory=list)
    text: str = ""

    @property
    def name(self) -> str:
        """The name that the user has given to the element."""
        return self.attributes.get("testname") or self.kind

    @property
    def kind(self) -> str:
        """The kind of the element without the package of a plugin, such as `ConcurrencyThreadGroup`."""
        return self.tag.rpartition(".")[2]

    @property
    def is_enabled(self) -> bool:
        return self.attributes.get("enabled", "true") != "false"

    def property(self, name: str) -> Element | None:
        """Return the property of that name; None if the element does not have it."""
        for part in self.parts:
            if part.attributes.get("name") == name:
                return part
            if part.tag == "doubleProp" and any(each.tag == "name" and each.text == name for each in part.parts):
                return next((each for each in part.parts if each.tag == "value"), None)
        return None


@dataclass(slots=True)
class PlanNode:
    """An enabled element with its enabled children."""

    element: Element
    children: list[PlanNode] = field(default_factory=list)

    def walk(self) -> Iterator[PlanNode]:
        """Yield this node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


class TestPlan:
    """A test plan, and the variables that it defines.

    Raises:
        ScenarioError: if the file is no XML, or has no test plan.
    """

    __test__ = False  # not a test of pytest

    def __init__(self, file: InputFile) -> None:
        self.file = file
        root = _parsed(file)
        trees = [part for part in root.parts if part.tag == _TREE]
        nodes = _nodes(trees[0]) if trees else []
        plan = next((node for node in nodes if node.element.tag == "TestPlan"), None)
        if root.tag != "jmeterTestPlan" or plan is None:
            raise file.problem(root.line, "file", f"<{root.tag}>", "a jmeterTestPlan with a TestPlan")
        self.root = plan
        self._variables = {name: value for node in plan.walk() for name, value in _variables(node.element)}

    def text(self, element: Element, name: str, default: str = "") -> str:
        """Return the text of a property, with the values of variables that the plan defines."""
        found = element.property(name)
        return default if found is None or not found.text.strip() else self._evaluated(found)

    def number(self, element: Element, name: str, default: float | None = None) -> float:
        """Return a number, at least 0.

        Raises:
            ScenarioError: if the property is missing and has no default, or is none, such as a function of JMeter.
        """
        found = element.property(name)
        if default is not None and not self.text(element, name):
            return default
        return self.value(element if found is None else found, f"{element.name}: {name}", found)

    def value(self, at: Element, place: str, found: Element | None) -> float:
        """Return the number that is the text of `found`, at least 0. Raises ScenarioError like `number`."""
        text = "" if found is None else self._evaluated(found)
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            expected = "a number, at least 0, a variable of the plan, or ${__P(name,default)}"
            raise self.file.problem(at.line, place, text or "missing", expected)
        return value

    def whole(self, element: Element, name: str, default: int | None = None) -> int:
        """Return a whole number, at least 0. Raises ScenarioError like `number`."""
        value = self.number(element, name, default)
        if value % 1:
            raise self.file.problem(element.line, f"{element.name}: {name}", f"{value:g}", "a whole number")
        return int(value)

    def flag(self, element: Element, name: str) -> bool:
        return self.text(element, name) == "true"

    def _evaluated(self, found: Element) -> str:
        text = found.text.strip()
        for _ in range(_NESTED_MAX):
            if len(text) > TEXT_MAX:
                break
            replaced = _REFERENCE.sub(self._value, text)
            if replaced == text:
                break
            text = replaced
        if len(text) > TEXT_MAX:
            place, size = found.attributes.get("name", found.tag), f"more than {TEXT_MAX} characters"
            raise self.file.problem(found.line, place, size, "a shorter text, with the values of its variables")
        return text

    def _value(self, reference: re.Match[str]) -> str:
        given = _PROPERTY.fullmatch(reference[1])
        if given is not None:  # a property of the command line: its default
            arguments = [each.strip() for each in given[1].split(",")]
            return arguments[-1] if len(arguments) > 1 else "1"  # the default of __P without one
        return self._variables.get(reference[1], reference[0])[: TEXT_MAX + 1]  # what is longer is reported


def _variables(element: Element) -> Iterator[tuple[str, str]]:
    """Yield the variables that an element defines: of the plan, or User Defined Variables."""
    if element.tag not in {"TestPlan", "Arguments"}:
        return
    for collection in _within(element):
        if collection.attributes.get("name") == "Arguments.arguments":
            for argument in collection.parts:
                name, value = argument.property("Argument.name"), argument.property("Argument.value")
                if name is not None and value is not None:
                    yield name.text.strip(), value.text.strip()


def _within(element: Element) -> Iterator[Element]:
    for part in element.parts:
        yield part
        yield from _within(part)


def _nodes(tree: Element) -> list[PlanNode]:
    """Return the enabled elements of a hashTree, each with the elements of the hashTree behind it."""
    nodes: list[PlanNode] = []
    is_open = False
    for part in tree.parts:
        if part.tag != _TREE:
            is_open = part.is_enabled
            if is_open:
                nodes.append(PlanNode(part))
        elif is_open:
            nodes[-1].children = _nodes(part)
            is_open = False
    return nodes


def _parsed(file: InputFile) -> Element:
    """Return the root of the XML."""
    parser = expat.ParserCreate()
    parser.buffer_text, parser.buffer_size = True, _BUFFER_BYTES  # otherwise a long text comes line by line
    root = Element("", {}, 1)
    path = [root]

    def begin(tag: str, attributes: dict[str, str]) -> None:
        if len(path) > DEPTH_MAX:
            raise file.problem(parser.CurrentLineNumber, "file", f"{len(path)} elements within each other", "a plan")
        element = Element(tag, attributes, parser.CurrentLineNumber)
        path[-1].parts.append(element)
        path.append(element)

    def end(_: str) -> None:
        path.pop()

    def characters(text: str) -> None:
        path[-1].text += text

    def document_type(*_: object) -> None:
        raise file.problem(parser.CurrentLineNumber, "file", "a document type", "without one, as JMeter writes it")

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = characters, document_type
    size = 0
    try:
        for part in file.parts():
            size += len(part)
            if size > DOCUMENT_BYTES_MAX:
                raise file.problem(1, "file", f"more than {DOCUMENT_BYTES_MAX // 1024**2} MB", "a test plan")
            parser.Parse(part, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise file.problem(error.lineno, "file", expat.ErrorString(error.code), "XML as JMeter writes it") from error
    return root.parts[0]
