"""Parameters of a template: their declarations, and the values that a stack gives them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulator.rules.cloudformation.template_error import TemplateError

HIDDEN: Final = "****"  # shown instead of the value of a parameter with NoEcho
_MEMBERS: Final = frozenset(
    {
        "AllowedPattern",
        "AllowedValues",
        "ConstraintDescription",
        "Default",
        "Description",
        "MaxLength",
        "MaxValue",
        "MinLength",
        "MinValue",
        "NoEcho",
        "Type",
    }
)
# Types of other services: AWS checks that the value exists there; the simulator accepts any value.
_OF_SERVICES: Final = re.compile(r"(List<)?AWS::(EC2|Route53)::[A-Za-z]+::[A-Za-z]+(>)?")
_STORED: Final = "AWS::SSM::Parameter::Value<"
_OF_SSM: Final = re.compile(r"AWS::SSM::Parameter::(Name|Value<(.+)>)")


@dataclass(frozen=True, slots=True)
class TemplateParameter:
    """The declaration of a parameter.

    `lengths` and `values` are the least and the greatest length and value, each None if there is no limit.
    """

    name: str
    type: str = "String"
    default: str | None = None
    description: str = ""
    allowed: tuple[str, ...] = ()
    pattern: str = ""
    constraint: str = ""  # text of ConstraintDescription
    lengths: tuple[int | None, int | None] = (None, None)
    values: tuple[float | None, float | None] = (None, None)
    no_echo: bool = False

    @property
    def is_list(self) -> bool:
        return self.type == "CommaDelimitedList" or self.type.startswith("List<")

    @property
    def is_stored(self) -> bool:
        """Return True if a value is the name of an SSM parameter; a Ref then has the value of that parameter."""
        return self.type.startswith(_STORED)

    @property
    def is_number(self) -> bool:
        return self.type in {"Number", "List<Number>"}

    def converted(self, text: str) -> Any:
        """Return the value of a Ref to the parameter: a list if its type is a list."""
        is_list = self.is_list or (self.is_stored and self.type.removeprefix(_STORED).startswith(("List<", "Comma")))
        return [each.strip() for each in text.split(",")] if is_list else text

    def check(self, text: str) -> None:
        """Raise TemplateError if a value violates the declaration."""
        for each in self.converted(text) if self.is_list else [text]:
            self._check_one(each)

    def _check_one(self, value: str) -> None:
        if self.is_number:
            number = _number(value)
            if number is None:
                raise TemplateError(f"Parameter '{self.name}' must be a number.")
            self._check_range(number, self.values, "must be a number not {} than {}")
        if self.allowed and value not in self.allowed:
            raise self._violated(f"must be one of AllowedValues: {', '.join(self.allowed)}")
        self._check_range(len(value), self.lengths, "must contain at {} {} characters")
        if self.pattern and re.fullmatch(self.pattern, value) is None:
            raise self._violated(f"must match pattern {self.pattern}")

    def _check_range(self, number: float, bounds: tuple[float | None, float | None], text: str) -> None:
        least, most = bounds
        words = ("least", "most") if "characters" in text else ("less", "greater")
        if least is not None and number < least:
            raise self._violated(text.format(words[0], f"{least:g}"))
        if most is not None and number > most:
            raise self._violated(text.format(words[1], f"{most:g}"))

    def _violated(self, rule: str) -> TemplateError:
        if self.constraint:
            return TemplateError(f"Parameter {self.name} failed to satisfy constraint: {self.constraint}")
        return TemplateError(f"Parameter '{self.name}' {rule}")


def parameters_of(section: Mapping[str, Any]) -> dict[str, TemplateParameter]:
    """Return the declarations in the section Parameters. Raises TemplateError."""
    return {name: _declared(name, declaration) for name, declaration in section.items()}


def parameter_values(
    declared: Mapping[str, TemplateParameter],
    given: Mapping[str, str],
    kept: Iterable[str],
    before: Mapping[str, str],
) -> dict[str, str]:
    """Return the value of every parameter: the given one, the previous one (names in `kept`), or the default.

    Raises TemplateError for values that are missing, not declared, or violate their declaration.
    """
    wanted = set(kept)
    strangers = sorted((set(given) | wanted) - set(declared))
    if strangers:
        raise TemplateError(f"Parameters: [{', '.join(strangers)}] do not exist in the template")
    values, missing = {}, []
    for name, parameter in declared.items():
        value = before.get(name) if name in wanted else given.get(name, parameter.default)
        if value is None:
            missing.append(name)
        else:
            parameter.check(value)
            values[name] = value
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    return values


def _declared(name: str, declaration: Any) -> TemplateParameter:
    if not isinstance(declaration, dict):
        raise TemplateError(f"Template format error: [/Parameters/{name}] every Parameters object must be a mapping.")
    unknown = sorted(set(declaration) - _MEMBERS)
    if unknown:
        raise TemplateError(f"Invalid template parameter property '{unknown[0]}'")
    kind = declaration.get("Type")
    if kind is None:
        raise TemplateError("Template format error: Every Parameters object must contain a Type member.")
    if not isinstance(kind, str) or not _is_known(kind):
        raise TemplateError(f"Template format error: Unrecognized parameter type: {kind}")
    default = declaration.get("Default")
    pattern = str(declaration.get("AllowedPattern", ""))
    try:
        re.compile(pattern)
    except re.error as error:
        raise TemplateError(
            f"Template format error: Parameter {name} has an invalid AllowedPattern: {error}"
        ) from error
    lengths = tuple(_whole(declaration, each, name) for each in ("MinLength", "MaxLength"))
    bounds = tuple(_bound(declaration, each, name) for each in ("MinValue", "MaxValue"))
    parameter = TemplateParameter(
        name,
        str(kind),
        None if default is None else _scalar(default),
        str(declaration.get("Description", "")),
        _allowed(name, declaration.get("AllowedValues")),
        pattern,
        str(declaration.get("ConstraintDescription", "")),
        (lengths[0], lengths[1]),
        (bounds[0], bounds[1]),
        _scalar(declaration.get("NoEcho", False)) == "true",
    )
    if parameter.default is not None:
        try:
            parameter.check(parameter.default)
        except TemplateError as error:
            raise TemplateError(f"Template format error: {error}") from error
    return parameter


def _allowed(name: str, values: Any) -> tuple[str, ...]:
    if values is not None and not isinstance(values, list):
        raise TemplateError(f"Template format error: Parameter {name}: AllowedValues must be a list.")
    return tuple(_scalar(each) for each in values or ())


def _is_known(kind: str) -> bool:
    if kind in {"String", "Number", "List<Number>", "CommaDelimitedList"} or _OF_SERVICES.fullmatch(kind):
        return True
    stored = _OF_SSM.fullmatch(kind)
    if stored is None:
        return False
    of_value = stored[2]
    return of_value in {None, "String", "List<String>", "CommaDelimitedList"} or bool(_OF_SERVICES.fullmatch(of_value))


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _bound(declaration: Mapping[str, Any], member: str, name: str) -> float | None:
    if member not in declaration:
        return None
    number = _number(declaration[member])
    if number is None:
        raise TemplateError(f"Template format error: Parameter {name}: {member} must be a number.")
    return number


def _whole(declaration: Mapping[str, Any], member: str, name: str) -> int | None:
    bound = _bound(declaration, member, name)
    if bound is None:
        return None
    if not math.isfinite(bound):
        raise TemplateError(f"Template format error: Parameter {name}: {member} must be an integer.")
    return int(bound)
