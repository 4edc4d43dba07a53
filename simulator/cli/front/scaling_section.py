"""The `scaling` section of the configuration of `simulator serve`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, cast

from pydantic import Field, ValidationInfo, ValidatorFunctionWrapHandler, WithJsonSchema, WrapValidator

from simulator.platform.scaling.policy_choice import PolicyChoice
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.scenario.sections.base_model import Section
from simulator.scenario.sections.policy_spec import DEFAULT_POLICY, Policy, PolicySpec


def _or_file(value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> PolicySpec | str:
    """Return the policy, or FILE.py:CLASS with the file relative to the configuration file."""
    if isinstance(value, str) and ".py:" in value:
        return str(Path((info.context or {}).get("folder", ".")) / value)
    spec: PolicySpec = handler(value)
    return spec


PolicyOrFile = Annotated[
    Policy, WrapValidator(_or_file), WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}]})
]
"""A policy as in scenario files, or FILE.py:CLASS."""


class ScalingSection(Section):
    """How services scale, if not as App Runner does."""

    policy: PolicyOrFile = Field(default=cast("PolicySpec", DEFAULT_POLICY))
    """The scaling policy of every service: a name, a name with parameters, or FILE.py:CLASS of your own, which is read
    again when the file changes.
    """
    on_policy_error: OnPolicyError = OnPolicyError.HOLD
    """When a policy of your own fails at a decision: keep the last desired count and log it, or end the simulator."""

    shadows: tuple[PolicyOrFile, ...] = ()
    """Policies that are evaluated for every service without acting: the console, `simulator top` and the metrics show
    the numbers of instances that they would have desired.
    """

    def choice(self, start_lag_s: float | None) -> PolicyChoice:
        """Return the policy.

        Raises:
            ValueError: for an unknown policy, or if its file cannot be loaded.
        """
        return PolicyChoice(self.policy, self.on_policy_error, start_lag_s)

    def shadow_choices(self) -> tuple[PolicyChoice, ...]:
        """Return the shadow policies. Raises ValueError if one is unknown, cannot be loaded, or is given twice."""
        return shadow_choices(self.shadows)


def shadow_choices(given: Sequence[PolicySpec | str]) -> tuple[PolicyChoice, ...]:
    """Return policies for shadows. Raises ValueError as `PolicyChoice` does, and for two with the same name."""
    choices = tuple(PolicyChoice(each) for each in given)
    names = [choice.name for choice in choices]
    for name in names:
        if names.count(name) > 1:
            msg = f"shadow = {name!r}, must be given once: its counts are shown under its name"
            raise ValueError(msg)
    return choices
