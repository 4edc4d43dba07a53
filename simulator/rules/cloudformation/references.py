"""Finds the references of a value to other parts of its template: Ref, Fn::GetAtt, Fn::Sub, Condition and Fn::If."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from simulator.rules.cloudformation.template_error import TemplateError

# "${Name}", "${Resource.Attribute}"; "${!Name}" is the text "${Name}".
SUBSTITUTED: Final = re.compile(r"\$\{(!?)\s*([^}]*?)\s*\}")


class Reference(NamedTuple):
    """A reference to a parameter, resource or condition.

    `attribute` is empty for Ref; with `is_condition`, `name` is one of the section Conditions.
    """

    name: str
    attribute: str = ""
    is_condition: bool = False


def references(value: Any) -> Iterator[Reference]:
    """Yield the references in a value; repeated references are repeated. Raises TemplateError for a malformed
    function.
    """
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        function = next(iter(value)) if len(value) == 1 else ""
        yield from _of_function(function, value[function]) if function in _KNOWN else _of_members(value)


_KNOWN: Final = frozenset({"Ref", "Fn::GetAtt", "Fn::Sub", "Condition", "Fn::If"})


def _of_members(value: dict[str, Any]) -> Iterator[Reference]:
    for each in value.values():
        yield from references(each)


def _of_function(function: str, argument: Any) -> Iterator[Reference]:
    if function == "Ref":
        if not isinstance(argument, str):
            raise TemplateError("Template format error: Every Ref object must have a single String value.")
        yield Reference(argument)
    elif function == "Fn::GetAtt":
        name, attribute = attribute_parts(argument)
        yield Reference(name, attribute if isinstance(attribute, str) else "*")
        yield from references(attribute)
    elif function == "Fn::Sub":
        text, own = sub_parts(argument)
        yield from references(own)
        for name, attribute in substituted(text):
            if name not in own or attribute:
                yield Reference(name, attribute)
    elif function == "Condition":
        if isinstance(argument, str):
            yield Reference(argument, is_condition=True)
    elif isinstance(argument, list) and len(argument) == 3 and isinstance(argument[0], str):
        yield Reference(argument[0], is_condition=True)
        yield from references(argument[1:])
    else:
        raise TemplateError("Template error: Fn::If requires a list argument with three parameters")


def attribute_parts(argument: Any) -> tuple[str, Any]:
    """Return the resource and the attribute of an Fn::GetAtt. The attribute may itself be a Ref. Raises
    TemplateError.
    """
    if isinstance(argument, str):
        name, _, attribute = argument.partition(".")
        argument = [name, attribute]
    if not (
        isinstance(argument, list)
        and len(argument) == 2
        and isinstance(argument[0], str)
        and all(argument)
        and isinstance(argument[1], str | dict)
    ):
        raise TemplateError(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
            "resource attribute"
        )
    return argument[0], argument[1]


def sub_parts(argument: Any) -> tuple[str, dict[str, Any]]:
    """Return the text of an Fn::Sub and the variables that it defines. Raises TemplateError."""
    if isinstance(argument, str):
        return argument, {}
    if (
        isinstance(argument, list)
        and len(argument) == 2
        and isinstance(argument[0], str)
        and isinstance(argument[1], dict)
    ):
        return argument[0], argument[1]
    raise TemplateError(
        "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as "
        "first argument, and an optional second argument to specify a mapping of values to replace in the string"
    )


def substituted(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names and attributes that the text of an Fn::Sub refers to; the attribute is empty for a plain name."""
    for match in SUBSTITUTED.finditer(text):
        if not match[1]:
            name, _, attribute = match[2].partition(".")
            yield name, attribute
