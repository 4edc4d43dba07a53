"""The scaling policy of the services of `serve` and `up`: App Runner's own, another one, or one in a file of the user.

A user's policy is created again when its file has changed (policy_reload.py).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.rules.policies.port import Policy
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.scenario.sections.policy_spec import DEFAULT_POLICY, PolicySpec, policy_named, policy_of

if TYPE_CHECKING:
    from simulator.rules.policies.port import Actuator

_SEPARATOR: Final = ".py:"


class PolicyChoice:
    """Creates policies for services. `on_error`: what happens if a user's policy fails at a decision.

    `start_lag_s` replaces the time from a decision to the launch of an instance; None: the policy's own. A user's
    policy without one has App Runner's.

    Raises:
        ValueError: for a policy that does not exist, cannot be loaded, or needs to know the future.
    """

    def __init__(
        self,
        given: PolicySpec | str = DEFAULT_POLICY,
        on_error: OnPolicyError = OnPolicyError.HOLD,
        start_lag_s: float | None = None,
    ) -> None:
        self.text = given if isinstance(given, str) else given.name
        self.file: Path | None = Path(self.text.rpartition(":")[0]) if _SEPARATOR in self.text else None
        self._on_error = on_error
        self._start_lag_s = start_lag_s
        self._given = given if isinstance(given, PolicySpec) else None
        if self.text == DEFAULT_POLICY:
            return  # the common case needs no check; its module is imported with the first service
        if "demand" in self._spec.needs:
            msg = f"policy = {self.text!r}, must be a policy that does not need the future demand"
            raise ValueError(msg)

    @property
    def _spec(self) -> PolicySpec:
        if self._given is None:
            self._given = self._read()
        return self._given

    @property
    def name(self) -> str:
        return self._spec.name

    @property
    def needs(self) -> frozenset[str]:
        """The metrics beyond concurrency that the policy reads."""
        return self._spec.needs

    def reloaded(self) -> PolicyChoice:
        """Return a choice with the current version of the file. Raises ValueError if it cannot be loaded."""
        return PolicyChoice(self.text, self._on_error, self._start_lag_s)

    def adopt(self, other: PolicyChoice) -> None:
        """Create policies as `other` does from now on."""
        self._given = other._spec

    def build(self, size: InstanceSize, scaling: AutoScalingConfiguration) -> Policy:
        """Return a new policy for instances of this size.

        Raises UserPolicyError if the user's class cannot be instantiated.
        """
        parameters = self._spec.sized(size)
        lag_s = self._start_lag_s
        if (
            lag_s is not None
            and hasattr(parameters, "start_lag_s")
            and "start_lag_s" not in self._spec.model_fields_set
        ):
            parameters = dataclasses.replace(parameters, start_lag_s=lag_s)
        return self._spec.kind.build(parameters, scaling)

    def _read(self) -> PolicySpec:
        if self.file is None:
            return policy_named(self.text)
        from simulator.scenario.user_policy import (  # noqa: PLC0415 few policies are of this kind
            UserPolicyError,
            user_policy_kind,
        )

        kind = user_policy_kind(self.text, self._actuator(), self._on_error)
        try:
            kind.build(kind.parameters(), AutoScalingConfiguration())
        except UserPolicyError as error:
            raise ValueError(str(error)) from error
        return policy_of(kind)

    def _actuator(self) -> Actuator:
        """Return the actuator of App Runner's own policy, because the platform that carries out decisions stays."""
        return (
            PolicyChoice(DEFAULT_POLICY, start_lag_s=self._start_lag_s)
            .build(InstanceSize(), AutoScalingConfiguration())
            .actuator
        )


def on_policy_failure(policy: Policy, report: Callable[[str], None]) -> None:
    """Call `report` with a line for each failure of a user's policy. Policies of the registry do not fail."""
    from simulator.scenario.user_policy import GuardedPolicy, PolicyFailed  # noqa: PLC0415 few policies are of this kind

    if isinstance(policy, GuardedPolicy):
        policy.journal.subscribe(PolicyFailed, lambda failed: report(failed.line))
