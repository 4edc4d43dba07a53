"""The `scaling` section of the configuration of `simulator serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

from pydantic import Field, ValidationInfo, ValidatorFunctionWrapHandler, WithJsonSchema, WrapValidator

from simulator.platform.policy_choice import PolicyChoice
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.scenario.sections.base_model import Section
from simulator.scenario.sections.policy_spec import DEFAULT_POLICY, Policy, PolicySpec


def _or_file(value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> PolicySpec | str:
    """Return the policy, or FILE.py:CLASS with the file relative to the configuration's."""
    if isinstance(value, str) and ".py:" in value:
        return str(Path((info.context or {}).get("folder", ".")) / value)
    spec: PolicySpec = handler(value)
    return spec


PolicyOrFile = Annotated[
    Policy, WrapValidator(_or_file), WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}]})
]
"""A policy as in scenario files, or FILE.py:CLASS."""


class ScalingSection(Section):
    """How services scale, where they shall not scale as App Runner does."""

    policy: PolicyOrFile = Field(default=cast("PolicySpec", DEFAULT_POLICY))
    """The scaling policy of every service: a name, a name with parameters, or FILE.py:CLASS of your own, which is read
    again when the file changes.
    """
    on_policy_error: OnPolicyError = OnPolicyError.HOLD
    """When a policy of your own fails at a decision: keep the last desired count and log it, or end the simulator."""

    def choice(self, start_lag_s: float | None) -> PolicyChoice:
        """Return the policy. Raises ValueError if there is none of that name, or its file cannot be loaded."""
        return PolicyChoice(self.policy, self.on_policy_error, start_lag_s)
