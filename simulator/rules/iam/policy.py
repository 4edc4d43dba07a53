"""An identity policy: its statements, and the conditions under which they apply."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from simulator.rules.iam.operators import NULL, ConditionOperator
from simulator.rules.iam.text_pattern import Context, TextPattern


class Effect(StrEnum):
    """The Effect element of a statement."""

    ALLOW = "Allow"
    DENY = "Deny"


class Quantifier(StrEnum):
    """How the values of a key that has several, such as aws:TagKeys, are compared."""

    NONE = ""
    ALL = "ForAllValues:"
    ANY = "ForAnyValue:"


@dataclass(frozen=True, slots=True)
class IamCondition:
    """One key of a Condition block. `key` is in lower case, because the names of keys are case-insensitive."""

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
        """Return True if a request with the condition keys `context` meets the condition.

        A key without values counts as absent. If the policy has several values, one of them must match; for a negated
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
        # ASSUMPTION: if a key has several values and the condition has no quantifier, one of the values must match, and
        # with a negated operator all of them. AWS's documentation requires a quantifier in this case; its policy
        # simulator would settle it.
        every = self.operator.negated if self.quantifier is Quantifier.NONE else self.quantifier is Quantifier.ALL
        return all(matched) if every else any(matched)


@dataclass(frozen=True, slots=True)
class IamStatement:
    """One statement of a policy.

    If `not_actions` or `not_resources` is True, the patterns are those of NotAction or NotResource. `index` counts from
    0; `sid` may be empty.
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
    """A policy. `name` is the name of the managed policy or of the file, or the place in the configuration.

    `warnings` are about elements that IAM accepts but that rarely have the effect that their author expects.
    `characters` is its size (policy_size.py).
    """

    name: str
    statements: tuple[IamStatement, ...]
    warnings: tuple[str, ...] = ()
    characters: int = 0
