"""An identity policy as values: statements, and the conditions under which they apply."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from simulator.rules.iam.operators import NULL, ConditionOperator
from simulator.rules.iam.text_pattern import Context, TextPattern


class Effect(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


class Quantifier(StrEnum):
    """How the several values of a key, such as aws:TagKeys, are compared."""

    NONE = ""
    ALL = "ForAllValues:"
    ANY = "ForAnyValue:"


@dataclass(frozen=True, slots=True)
class IamCondition:
    """One key of a Condition block. `key` is in lower case, because the names of keys have no case."""

    operator: ConditionOperator
    key: str
    values: tuple[TextPattern, ...]
    shown_key: str
    quantifier: Quantifier = Quantifier.NONE
    if_exists: bool = False

    def __str__(self) -> str:
        name = f"{self.quantifier}{self.operator.name}{'IfExists' if self.if_exists else ''}"
        return f"{name} {self.shown_key} {' or '.join(value.text for value in self.values)}"

    def is_met(self, context: Context) -> bool:
        """Return True if the request, whose condition keys are `context`, meets the condition.

        A key without values counts as absent. The several values of a policy are alternatives, and for a negated
        operator none of them may match.
        """
        given = context.get(self.key, ())
        if self.operator is NULL:
            return any((value.text.lower() == "true") == (not given) for value in self.values)
        if not given:
            negated = self.operator.negated and self.quantifier is not Quantifier.ANY
            return self.if_exists or negated or self.quantifier is Quantifier.ALL
        matched = [
            any(self.operator.compare(value, each, context) for value in self.values) != self.operator.negated
            for each in given
        ]
        # ASSUMPTION: a key with several values and no quantifier: one of them must match, and for a negated operator
        # all of them. AWS's documentation demands a quantifier then; its policy simulator would settle it.
        every = self.operator.negated if self.quantifier is Quantifier.NONE else self.quantifier is Quantifier.ALL
        return all(matched) if every else any(matched)


@dataclass(frozen=True, slots=True)
class IamStatement:
    """One statement. `not_actions` and `not_resources`: the patterns are those of NotAction and NotResource.

    `index` counts from 0; `sid` may be empty.
    """

    index: int
    effect: Effect
    actions: tuple[TextPattern, ...]
    resources: tuple[TextPattern, ...]
    conditions: tuple[IamCondition, ...] = ()
    not_actions: bool = False
    not_resources: bool = False
    sid: str = ""

    def __str__(self) -> str:
        return f"Statement[{self.index}]" + (f" ({self.sid})" if self.sid else "")


@dataclass(frozen=True, slots=True)
class IamPolicy:
    """A policy. `name`: the managed policy's name, the file, or the place in the configuration.

    `warnings`: what IAM accepts, but which seldom means what its author meant. `characters`: its size (policy_size.py).
    """

    name: str
    statements: tuple[IamStatement, ...]
    warnings: tuple[str, ...] = ()
    characters: int = 0
