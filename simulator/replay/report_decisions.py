"""The report's parts about scaling decisions (report_schema.py has the others)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class DecisionPart(BaseModel):
    """A scaling decision that changed the desired number of instances."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    at_s: float
    policy: str
    before: int
    """Desired instances before the decision."""
    desired: int
    """Desired instances from now on, after all clamps."""
    formula: str
    """With its numbers."""
    reason: str
    """In a sentence."""
    inputs: dict[str, float | None]
    """What the policy decided on; null: not a finite number."""
    clamps: list[str]
    """What bounded the raw result, in order."""
    ready_after_s: float | None
    """After a raise: until as many instances were ready; null when it was taken back or not fulfilled by the end."""
    assumes: str = ""
    """A parameter that decided and whose value is not documented."""


class LookPart(BaseModel):
    """What the policy saw and computed at a moment, whether it changed anything or not."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    at_s: float
    desired: int
    formula: str
    reason: str
    inputs: dict[str, float | None]
    clamps: list[str]
