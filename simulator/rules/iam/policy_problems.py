"""Problems of a policy document: the place, the value, what is expected, and the nearest valid word."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from simulator.model.text.document import Path, dotted


class PolicyProblem(NamedTuple):
    """One problem. `expected` completes the phrase "must be ..."; `near` is the valid word nearest to an
    unknown one.
    """

    path: Path
    found: str
    expected: str
    near: str = ""

    def __str__(self) -> str:
        hint = f"; did you mean `{self.near}`?" if self.near else ""
        return f"{dotted(self.path) or 'policy'} = {self.found}, must be {self.expected}{hint}"


class IamPolicyError(ValueError):
    """IAM would not accept the policy document. Contains all its problems."""

    def __init__(self, name: str, problems: Iterable[PolicyProblem]) -> None:
        self.name = name
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{name}: {problem}" for problem in self.problems))
