"""Reads `FieldToMatch` and `TextTransformations` of a statement's JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simulator.rules.waf import components
from simulator.rules.waf.components import Component, MatchScope, Oversize
from simulator.rules.waf.json_node import JsonNode
from simulator.rules.waf.text_transformations import NOT_EVALUATED, TRANSFORMATIONS, Transformation

_OVERSIZE: Final = "OversizeHandling"
_FIXED: Final = {
    "Method": components.METHOD,
    "UriPath": components.URI_PATH,
    "QueryString": components.QUERY_STRING,
    "AllQueryArguments": components.ALL_ARGUMENTS,
}
_NAMED: Final = {"SingleHeader": components.single_header, "SingleQueryArgument": components.single_argument}
_ELSEWHERE: Final = ("JsonBody", "HeaderOrder", "JA3Fingerprint", "JA4Fingerprint", "UriFragment")
_KNOWN: Final = (*_FIXED, *_NAMED, "Headers", "Cookies", "Body", *_ELSEWHERE)
TRANSFORMATIONS_MAX: Final = 10


def component_of(node: JsonNode) -> Component | str:
    """Return the request component that a statement inspects, or the name of a component that the simulator cannot
    evaluate.
    """
    kind, settings = node.choice(_KNOWN)
    if kind in _ELSEWHERE:
        return kind
    if kind in _FIXED:
        settings.members(())
        return _FIXED[kind]
    if kind in _NAMED:
        return _NAMED[kind](settings.members(("Name",), ("Name",))["Name"].text())
    if kind == "Body":
        return components.body(_oversize(settings.members((_OVERSIZE,))))
    return _many(settings, kind)


def transformations_of(node: JsonNode) -> tuple[Transformation, ...] | str:
    """Return the transformations in the order of their priorities, or the name of one that the simulator cannot
    evaluate.
    """
    by_priority: dict[int, Transformation] = {}
    for each in node.items(1, TRANSFORMATIONS_MAX):
        members = each.members(("Priority", "Type"), ("Priority", "Type"))
        name = members["Type"].word((*TRANSFORMATIONS, *NOT_EVALUATED))
        if name in NOT_EVALUATED:
            return name
        priority = members["Priority"].number(0, 2**31 - 1)
        if priority in by_priority:
            raise members["Priority"].wrong("a priority that no other transformation of the statement has")
        by_priority[priority] = TRANSFORMATIONS[name]
    return tuple(by_priority[priority] for priority in sorted(by_priority))


def _oversize(members: dict[str, JsonNode]) -> Oversize:
    given = members.get(_OVERSIZE)
    return Oversize.CONTINUE if given is None else Oversize(given.word(tuple(Oversize)))


def _many(settings: JsonNode, kind: str) -> Component:
    names = ("MatchPattern", "MatchScope", _OVERSIZE)
    members = settings.members(names, names)
    included = _pattern(members["MatchPattern"], kind)
    scope, oversize = MatchScope(members["MatchScope"].word(tuple(MatchScope))), _oversize(members)
    return (components.headers if kind == "Headers" else components.cookies)(included, scope, oversize)


def _pattern(node: JsonNode, kind: str) -> Callable[[bytes], bool]:
    included, excluded = f"Included{kind}", f"Excluded{kind}"
    choice, names = node.choice(("All", included, excluded))
    if choice == "All":
        return lambda _name: True
    texts = [each.text() for each in names.items(1, components.PARTS_MAX - 1)]
    # Names of header fields are case-insensitive, names of cookies are not.
    given = frozenset((text.lower() if kind == "Headers" else text).encode() for text in texts)
    return given.__contains__ if choice == included else lambda name: name not in given
