"""The parts of the report about scaling decisions."""

from __future__ import annotations

from pydantic import ConfigDict

from simulator.model.text.field_docstrings import DescribedModel


class DecisionPart(DescribedModel):
    """A scaling decision that changed the desired number of instances."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_s: float
    policy: str
    before: int
    """Desired instances before the decision."""
    desired: int
    """Desired instances from now on, after all clamps."""
    formula: str
    """The formula with its numbers."""
    reason: str
    """The reason, as a sentence."""
    inputs: dict[str, float | None]
    """The inputs of the decision; null: not a finite number."""
    clamps: list[str]
    """The bounds that changed the raw result, in order."""
    ready_after_s: float | None
    """After an increase: time until as many instances were ready; null if it was reversed or not fulfilled by the end.
    """
    assumes: str = ""
    """A parameter that determined the decision and whose value is not documented."""


class LookPart(DescribedModel):
    """The inputs and result of the policy at a moment, whether or not the desired count changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_s: float
    desired: int
    formula: str
    reason: str
    inputs: dict[str, float | None]
    clamps: list[str]


class ScalingPart(DescribedModel):
    """What determines the desired count of a service over time; every service of a report has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    policy: str
    min_size: int
    decisions: list[DecisionPart]
    looks: list[LookPart]
