"""AWS Lambda's provisioned concurrency with target tracking on its utilisation (policies 3.5, P8b).

An instance is an environment, whose MaxConcurrency is 1. Utilisation is the mean number of requests in flight per
provisioned environment, from one-minute points with the statistic Average: a short burst never triggers the alarms
(an article by one of its engineers; read). Formula and alarms are those of `target_tracking`, without cooldowns.

Lambda serves additional requests by on-demand environments; here they are queued or rejected, according to the
service's overflow.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.target_tracking import TargetTrackingPolicy
from simulator.rules.policies.aws.tracking_parameters import TargetTrackingParameters
from simulator.rules.policies.ranges import check_above, check_within
from simulator.rules.policies.requirements import Requirements


@dataclass(frozen=True, slots=True)
class LambdaProvisionedParameters:
    """Parameters of the policy. Times are in seconds.

    Raises:
        ValueError: if a number is out of range.
    """

    target_utilisation: float = 0.7  # of ProvisionedConcurrencyUtilization (memory)
    # ASSUMPTION: allocation takes one or two minutes, most of it before the environments start. The status of
    # GetProvisionedConcurrencyConfig, polled after a change, settles it.
    start_lag_s: float = 60.0

    def __post_init__(self) -> None:
        check_above("target_utilisation", self.target_utilisation, 0)
        check_within("target_utilisation", self.target_utilisation, 0, 1)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        return self.tracking.requires(scaling)

    @property
    def tracking(self) -> TargetTrackingParameters:
        """The equivalent parameters of target tracking."""
        return TargetTrackingParameters(
            metric="concurrency",
            target_utilisation=self.target_utilisation,
            scale_out_cooldown_s=0.0,  # Lambda's defaults (CDK documentation; read)
            scale_in_cooldown_s=0.0,
            silence_is_missing=True,
            start_lag_s=self.start_lag_s,
        )


class LambdaProvisionedPolicy(TargetTrackingPolicy):
    """Target tracking with these presets; the target depends on MaxConcurrency."""

    name = "lambda-provisioned"

    def __init__(self, parameters: LambdaProvisionedParameters, scaling: AutoScalingConfiguration) -> None:
        super().__init__(parameters.tracking, scaling)
