"""Converts the evaluated properties of a resource to a request of App Runner's API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from simulator.model.text.problems import did_you_mean
from simulator.rules.cloudformation.functions import KNOWN_LATER
from simulator.rules.cloudformation.resource_types import Leaf, PropertyBlock, ResourceType
from simulator.rules.cloudformation.template_error import TemplateError

_INTEGER_MAX: Final = 2**63  # of what can be stored; every limit of App Runner's API is far below


def request_of(kind: ResourceType, logical_id: str, properties: Any) -> dict[str, Any]:
    """Return the members of the request of the API's create operation.

    Raises TemplateError with AWS's text if a property is missing, unknown, or of the wrong type.
    """
    violations: list[str] = []
    request: dict[str, Any] = _block(kind.properties, properties, "#", violations)
    if violations:
        raise TemplateError(
            f"Properties validation failed for resource {logical_id} with message:\n" + "\n".join(violations)
        )
    return request


def changed_properties(kind: ResourceType, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the properties that differ, in the order in which the type lists them."""
    return tuple(each for each in kind.properties.members if before.get(each) != after.get(each))


def _block(block: PropertyBlock, value: Any, path: str, violations: list[str]) -> Any:
    if value is KNOWN_LATER:  # not a text of the template that is the same
        return value
    if not isinstance(value, dict):
        violations.append(f"{path}: expected type: JSONObject, found: {_kind(value)}")
        return {}
    violations += [f"{path}: required key [{each}] not found" for each in sorted(block.required - set(value))]
    converted = {}
    for name, each in value.items():
        member = block.members.get(name)
        if member is None:
            hint = did_you_mean(name, block.members)
            violations.append(f"{path}: extraneous key [{name}] is not permitted{hint}")
        elif isinstance(member, PropertyBlock):
            converted[name] = _block(member, each, f"{path}/{name}", violations)
        else:
            converted[name] = _leaf(member, each, f"{path}/{name}", violations)
    return converted


def _leaf(kind: Leaf, value: Any, path: str, violations: list[str]) -> Any:
    if value is KNOWN_LATER:
        return value
    try:
        return _CONVERTED[kind](value)
    except (ValueError, TypeError, KeyError, AttributeError):
        violations.append(f"{path}: expected type: {kind.value}, found: {_kind(value)}")
        return None


def _string(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise TypeError
    return str(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise TypeError
    number = int(value)
    if not -_INTEGER_MAX <= number < _INTEGER_MAX:
        raise ValueError
    return number


def _boolean(value: Any) -> bool:
    return {"true": True, "false": False}[_string(value).lower()]


def _strings(value: Any) -> list[str]:
    # ASSUMPTION: a single string is accepted as a list with one item, as CloudFormation does for other types; a
    # template with `Subnets: subnet-1` would settle it.
    return [_string(each) for each in (value if isinstance(value, list) else [value])]


def _tags(value: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"Key": _string(each["Key"]), "Value": _string(each.get("Value", ""))} for each in value]


def _pairs(value: list[dict[str, Any]]) -> dict[str, str]:
    return {_string(each["Name"]): _string(each["Value"]) for each in value}


_CONVERTED: Final[Mapping[Leaf, Callable[[Any], Any]]] = MappingProxyType(
    {
        Leaf.STRING: _string,
        Leaf.INTEGER: _integer,
        Leaf.BOOLEAN: _boolean,
        Leaf.STRINGS: _strings,
        Leaf.TAGS: _tags,
        Leaf.PAIRS: _pairs,
    }
)


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "JSONObject"
    if isinstance(value, list):
        return "JSONArray"
    if value is None:
        return "Null"
    return {bool: "Boolean", int: "Integer", float: "Number"}.get(type(value), "String")
