"""Validators of requests, created once from the shapes of botocore's service model.

A validator takes a JSON value and returns the part that the operation gets: only members that the model knows and that
are not null, because AWS ignores the others. All violated constraints are collected and listed in one error. A wrong
JSON type ends the validation at once, because AWS rejects it during deserialization, before validation.

Botocore, and so its clients, checks only required members and minima (facts 1.1); the server checks everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from simulator.api.patterns import matcher_of
from simulator.api.violations import (
    MUST_BE_GIVEN,
    Violations,
    must_be_one_of,
    must_have_length,
    must_have_value,
    must_match,
    not_a,
    unreadable,
)

Shape = Mapping[str, Any]
Shapes = Mapping[str, Shape]  # the model's shapes by name
Validator = Callable[[Any, str, Violations], Any]  # arguments: value, path, violations; returns what the operation gets

_INTEGER_MAX: Final = 2**31 - 1
# AWS rejects an empty text of these members with the operation's message and not with the model's (facts 19.5).
_EMPTY_IS_THE_OPERATIONS: Final = frozenset({"AutoScalingConfigurationArn"})


def validator_of(name: str, shapes: Shapes) -> Validator:
    """Return the validator of a shape. Raises KeyError for a shape that no request of the model contains."""
    shape = shapes[name]
    return _MAKERS[shape["type"]](shape, shapes)


def _member(name: str, member: Shape, shapes: Shapes) -> Validator:
    check = validator_of(member["shape"], shapes)
    if name not in _EMPTY_IS_THE_OPERATIONS:
        return check
    return lambda value, path, violations: value if value == "" else check(value, path, violations)


def _structure(shape: Shape, shapes: Shapes) -> Validator:
    members = {name: (_member(name, member, shapes), _camel(name)) for name, member in shape["members"].items()}
    required = [(name, _camel(name)) for name in shape.get("required", ())]
    known = members.get

    def check(value: Any, path: str, violations: Violations) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise not_a(value, "a Structure") if isinstance(value, list) else unreadable("Expected map or null")
        below = f"{path}." if path else ""
        for name, camel in required:
            if value.get(name) is None:
                violations.add(below + camel, None, MUST_BE_GIVEN)
        seen = {}
        for name, each in value.items():
            member = known(name)
            if member is not None and each is not None:
                seen[name] = member[0](each, below + member[1], violations)
        return seen

    return check


def _list(shape: Shape, shapes: Shapes) -> Validator:
    item = validator_of(shape["member"]["shape"], shapes)
    bounds = _bounds(shape)

    def check(value: Any, path: str, violations: Violations) -> list[Any]:
        if not isinstance(value, list):
            raise unreadable("Expected list or null")
        _check_length(value, bounds, path, violations, is_secret=False)
        seen = []
        for number, each in enumerate(value, 1):
            place = f"{path}.{number}.member"
            if each is None:
                violations.add(place, None, MUST_BE_GIVEN)
            else:
                seen.append(item(each, place, violations))
        return seen

    return check


def _map(shape: Shape, shapes: Shapes) -> Validator:
    key, content = (validator_of(shape[part]["shape"], shapes) for part in ("key", "value"))
    bounds = _bounds(shape)

    def check(value: Any, path: str, violations: Violations) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise unreadable("Expected map or null")
        _check_length(value, bounds, path, violations, is_secret=True)
        seen = {}
        for name, each in value.items():
            # The path omits the names of variables, which the model marks as sensitive like their values.
            place = f"{path}.key"
            key(name, place, violations)
            if each is None:
                violations.add(f"{path}.value", None, MUST_BE_GIVEN)
            else:
                seen[name] = content(each, f"{path}.value", violations)
        return seen

    return check


def _string(shape: Shape, _shapes: Shapes) -> Validator:
    least, most = _bounds(shape)
    pattern: str | None = shape.get("pattern")
    matches = None if pattern is None else matcher_of(pattern)
    values: tuple[str, ...] = tuple(shape.get("enum", ()))
    is_secret = bool(shape.get("sensitive"))

    def check(value: Any, path: str, violations: Violations) -> str:
        if not isinstance(value, str):
            raise not_a(value, "a String")
        if values and value not in values:
            violations.add(path, value, must_be_one_of(values), is_secret=is_secret)
        length = len(value)
        if length < least:
            constraint = must_have_length("Member", least, at_least=True)
            violations.add(path, value, constraint, is_secret=is_secret)
        # and no pattern is matched, because the length of the text is not limited
        if most is not None and length > most:
            constraint = must_have_length("Member", most, at_least=False)
            violations.add(path, value, constraint, is_secret=is_secret)
        elif matches is not None and not matches(value):
            violations.add(path, value, must_match(str(pattern)), is_secret=is_secret)
        return value

    return check


def _integer(shape: Shape, _shapes: Shapes) -> Validator:
    least, most = shape.get("min"), shape.get("max")

    def check(value: Any, path: str, violations: Violations) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise not_a(value, "an Integer")
        # ASSUMPTION: 5.0 counts as 5; any other number that is not a 32-bit integer is unreadable. No SDK sends either.
        if (isinstance(value, float) and not value.is_integer()) or abs(value) > _INTEGER_MAX:
            raise not_a(value, "an Integer")
        whole = int(value)
        if least is not None and whole < least:
            violations.add(path, whole, must_have_value(least, at_least=True))
        if most is not None and whole > most:
            violations.add(path, whole, must_have_value(most, at_least=False))
        return whole

    return check


def _boolean(_shape: Shape, _shapes: Shapes) -> Validator:
    def check(value: Any, _path: str, _violations: Violations) -> bool:
        if not isinstance(value, bool):
            raise not_a(value, "a Boolean")
        return value

    return check


_MAKERS: Final[dict[str, Callable[[Shape, Shapes], Validator]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _integer,
    "boolean": _boolean,
}


def _bounds(shape: Shape) -> tuple[int, int | None]:
    return shape.get("min", 0), shape.get("max")


def _check_length(
    value: Any, bounds: tuple[int, int | None], path: str, violations: Violations, *, is_secret: bool
) -> None:
    least, most = bounds
    if len(value) < least:
        violations.add(path, value, must_have_length("Member", least, at_least=True), is_secret=is_secret)
    if most is not None and len(value) > most:
        violations.add(path, value, must_have_length("Member", most, at_least=False), is_secret=is_secret)


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]
