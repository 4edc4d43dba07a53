"""Evaluates the intrinsic functions of templates.

No maintained package does this for a deployment: cfn-lint, pycfmodel and cloud-radar check templates, use placeholders
for values of resources, and have far more dependencies than these functions need.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from simulator.rules.cloudformation.conditions import Conditions
from simulator.rules.cloudformation.references import SUBSTITUTED, attribute_parts, sub_parts
from simulator.rules.cloudformation.template_error import TemplateError

# value of a resource that does not exist yet, as in AWS's change sets
KNOWN_LATER: Final = "{{changeSet:KNOWN_AFTER_APPLY}}"
_ZONES: Final = "abc"  # ASSUMPTION: each Region has three zones; Fn::GetAZs of an account would settle it


class _NoValue:
    """The value of AWS::NoValue: a member or list item with this value is left out."""


NO_VALUE: Final = _NoValue()


class ResourceValues(Protocol):
    """The values of a stack's resources. Both methods raise TemplateError for an unknown name."""

    def ref(self, logical_id: str) -> Any: ...

    def attribute(self, logical_id: str, name: str) -> Any: ...


class TemplateEvaluation:
    """Evaluates the functions in values of one template.

    `parameters` has the values of the template's parameters and of AWS's pseudo parameters; `imports` returns the value
    of an export. Errors have AWS's text.
    """

    def __init__(
        self,
        parameters: Mapping[str, Any],
        mappings: Mapping[str, Any],
        conditions: Mapping[str, Any],
        resources: ResourceValues,
        imports: Callable[[str], str],
    ) -> None:
        self._parameters = parameters
        self._mappings = mappings
        self._resources = resources
        self._imports = imports
        self._conditions = Conditions(conditions, self.value)
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::Base64": self._base64,
            "Fn::Cidr": self._cidr,
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": self._get_att,
            "Fn::GetAZs": self._zones,
            "Fn::If": self._if,
            "Fn::ImportValue": self._import,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
        }

    def value(self, value: Any) -> Any:
        """Return `value` with all functions evaluated. Raises TemplateError."""
        if isinstance(value, dict):
            function = next(iter(value)) if len(value) == 1 else ""
            if function in self._functions:
                return self._functions[function](value[function])
            if function.startswith("Fn::"):
                raise TemplateError(f"Template error: {function} is not a function that can be used here.")
            members = {name: self.value(each) for name, each in value.items()}
            return {name: each for name, each in members.items() if each is not NO_VALUE}
        if isinstance(value, list):
            return [each for each in map(self.value, value) if each is not NO_VALUE]
        return value

    def holds(self, condition: str) -> bool:
        """Return the value of the template's condition of this name. Raises TemplateError."""
        return self._conditions.holds(condition)

    # --- functions -------------------------------------------------------------------------------------------------

    def _ref(self, name: Any) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._parameters:
            return self._parameters[name]
        return self._resources.ref(name)

    def _get_att(self, argument: Any) -> Any:
        name, attribute = attribute_parts(argument)
        return self._resources.attribute(name, _text(self.value(attribute), "Fn::GetAtt"))

    def _sub(self, argument: Any) -> str:
        text, own = sub_parts(argument)
        variables = {name: _text(self.value(each), "Fn::Sub") for name, each in own.items()}

        def replaced(is_literal: str, name: str) -> str:
            if is_literal:
                return f"${{{name}}}"
            if name in variables:
                return variables[name]
            resource, _, attribute = name.partition(".")
            return _text(self._get_att([resource, attribute]) if attribute else self._ref(resource), "Fn::Sub")

        return SUBSTITUTED.sub(lambda match: replaced(match[1], match[2]), text)

    def _join(self, argument: Any) -> str:
        if not _is_list(argument, 2) or not isinstance(argument[0], str):
            raise TemplateError(_JOIN)
        items = self.value(argument[1])
        if items == KNOWN_LATER:
            return KNOWN_LATER
        if not isinstance(items, list):
            raise TemplateError(_JOIN)
        return argument[0].join(_text(each, "Fn::Join") for each in items)

    def _split(self, argument: Any) -> list[str]:
        if not _is_list(argument, 2) or not isinstance(argument[0], str) or not argument[0]:
            raise TemplateError(
                "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a "
                "string to be split or a function that returns a string to be split."
            )
        return _text(self.value(argument[1]), "Fn::Split").split(argument[0])

    def _select(self, argument: Any) -> Any:
        if not _is_list(argument, 2):
            raise TemplateError(
                "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"
            )
        items, index = self.value(argument[1]), _text(self.value(argument[0]), "Fn::Select")
        if items == KNOWN_LATER:
            return KNOWN_LATER
        if not isinstance(items, list):
            raise TemplateError(
                "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"
            )
        if KNOWN_LATER in items:  # the number of items of a split is unknown too
            return KNOWN_LATER
        if not index.isascii() or not index.isdigit() or int(index) >= len(items):
            raise TemplateError(f"Template error: Fn::Select  cannot select nonexistent value at index {index}")
        return items[int(index)]

    def _if(self, argument: Any) -> Any:
        if not _is_list(argument, 3) or not isinstance(argument[0], str):
            raise TemplateError("Template error: Fn::If requires a list argument with three parameters")
        return self.value(argument[1] if self.holds(argument[0]) else argument[2])

    def _find_in_map(self, argument: Any) -> Any:
        if not _is_list(argument, 3):
            raise TemplateError(
                "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the "
                "attribute for return value"
            )
        found: Any = self._mappings
        keys = [_text(self.value(each), "Fn::FindInMap") for each in argument]
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if found is None:
            raise TemplateError(f"Template error: Unable to get mapping for {'::'.join(keys)}")
        return found

    def _import(self, argument: Any) -> str:
        return self._imports(_text(self.value(argument), "Fn::ImportValue"))

    def _base64(self, argument: Any) -> str:
        text = _text(self.value(argument), "Fn::Base64")
        return text if text == KNOWN_LATER else base64.b64encode(text.encode()).decode()

    def _zones(self, argument: Any) -> list[str]:
        region = _text(self.value(argument), "Fn::GetAZs") or self._parameters["AWS::Region"]
        return [f"{region}{letter}" for letter in _ZONES]

    def _cidr(self, argument: Any) -> list[str]:
        if not isinstance(argument, list) or not 2 <= len(argument) <= 3:
            raise TemplateError(_CIDR)
        block, count, bits = (_text(self.value(each), "Fn::Cidr") for each in [*argument, ""][:3])
        try:
            network = ipaddress.ip_network(block)
            length = network.max_prefixlen - int(bits or (8 if network.version == 4 else 64))
            wanted = int(count)
            parts = network.subnets(new_prefix=length)
            if not 1 <= wanted <= 256:
                raise TemplateError(_CIDR)
            found = [str(part) for part, _ in zip(parts, range(wanted), strict=False)]
        except ValueError as error:
            raise TemplateError(_CIDR) from error
        if len(found) < wanted:
            raise TemplateError(f"Template error: Fn::Cidr: {block} has no {wanted} blocks of /{length}")
        return found


_JOIN: Final = (
    "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings "
    "to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
)
_CIDR: Final = (
    "Template error: every Fn::Cidr object requires an IP address block, a count of 1 to 256 and the number of its "
    "host bits"
)


def _is_list(value: Any, length: int) -> bool:
    return isinstance(value, list) and len(value) == length


def _text(value: Any, function: str) -> str:
    """Return a plain value as text. Raises TemplateError for a structure."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise TemplateError(f"Template error: every value of {function} must be a string")
