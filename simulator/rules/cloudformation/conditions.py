"""Conditions of a template: named expressions of Fn::Equals, Fn::And, Fn::Or, Fn::Not and other conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from simulator.rules.cloudformation.template_error import TemplateError

_OPERANDS: Final = range(2, 11)  # number of operands of Fn::And and Fn::Or


class Conditions:
    """The conditions of a template, evaluated on demand. `value` evaluates an operand of Fn::Equals."""

    def __init__(self, expressions: Mapping[str, Any], value: Callable[[Any], Any]) -> None:
        self._expressions = expressions
        self._value = value
        self._known: dict[str, bool] = {}
        self._open: list[str] = []

    def holds(self, name: str) -> bool:
        """Return the value of the condition `name`. Raises TemplateError if it does not exist or depends on itself."""
        if name not in self._known:
            if name not in self._expressions:
                raise TemplateError(f"Template error: unresolved condition dependency {name} in the template")
            if name in self._open:
                raise TemplateError(f"Template error: circular dependency of conditions: [{', '.join(self._open)}]")
            self._open.append(name)
            try:
                self._known[name] = self._expression(self._expressions[name])
            finally:
                self._open.pop()
        return self._known[name]

    def _expression(self, expression: Any) -> bool:
        if isinstance(expression, dict) and len(expression) == 1:
            ((function, argument),) = expression.items()
            if function == "Condition" and isinstance(argument, str):
                return self.holds(argument)
            if function == "Fn::Equals":
                return self._equals(argument)
            if function == "Fn::Not" and isinstance(argument, list) and len(argument) == 1:
                return not self._expression(argument[0])
            if function in {"Fn::And", "Fn::Or"} and isinstance(argument, list) and len(argument) in _OPERANDS:
                values = [self._expression(each) for each in argument]
                return all(values) if function == "Fn::And" else any(values)
        raise TemplateError(
            "Template format error: Every Condition member must be one of Condition, Fn::Equals, Fn::Not, Fn::And and "
            "Fn::Or with its arguments."
        )

    def _equals(self, argument: Any) -> bool:
        if not isinstance(argument, list) or len(argument) != 2:
            raise TemplateError("Template error: every Fn::Equals object requires a list of 2 string parameters.")
        first, second = (_plain(self._value(each)) for each in argument)
        return bool(first == second)


def _plain(value: Any) -> Any:
    """Return numbers and booleans as strings, so that `Fn::Equals: [true, 'true']` is true."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value
