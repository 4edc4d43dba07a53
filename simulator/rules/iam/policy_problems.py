"""What is wrong in a policy document: the place in it, the value, what is expected and the nearest known word."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from simulator.model.text.document import Path, dotted


class PolicyProblem(NamedTuple):
    """`expected` completes "must be ..."; `near` is a known word that resembles an unknown one."""

    path: Path
    found: str
    expected: str
    near: str = ""

    def __str__(self) -> str:
        hint = f"; did you mean `{self.near}`?" if self.near else ""
        return f"{dotted(self.path) or 'policy'} = {self.found}, must be {self.expected}{hint}"


class IamPolicyError(ValueError):
    """A policy document that IAM would not accept, with every problem of it."""

    def __init__(self, name: str, problems: Iterable[PolicyProblem]) -> None:
        self.name = name
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{name}: {problem}" for problem in self.problems))
