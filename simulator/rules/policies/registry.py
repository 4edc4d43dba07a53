"""Scaling policies by their names in scenario files. A new policy is a module in this package and an entry in `_KINDS`.

Modules shared by several policies, in the order in which a decision uses them: `load` and `points` (what is measured,
how often, with which delay), `forecast`, `hpa_replicas` and `alarms` (formulas), `hpa_behaviour` and `scaled_object`
(limits), `bounds`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.app_runner import AppRunnerParameters, AppRunnerPolicy
from simulator.rules.policies.aws.aws_predictive import AwsPredictiveParameters, AwsPredictivePolicy
from simulator.rules.policies.aws.ecs_express import EcsExpressParameters, EcsExpressPolicy
from simulator.rules.policies.aws.lambda_ import LambdaParameters, LambdaPolicy
from simulator.rules.policies.aws.lambda_provisioned import LambdaProvisionedParameters, LambdaProvisionedPolicy
from simulator.rules.policies.aws.step_scaling import StepScalingParameters, StepScalingPolicy
from simulator.rules.policies.aws.target_tracking import TargetTrackingParameters, TargetTrackingPolicy
from simulator.rules.policies.cloud_run import CloudRunParameters, CloudRunPolicy
from simulator.rules.policies.fixed import FixedParameters, FixedPolicy
from simulator.rules.policies.fly import FlyParameters, FlyPolicy
from simulator.rules.policies.heroku import HerokuParameters, HerokuPolicy
from simulator.rules.policies.holt_winters import HoltWintersParameters, HoltWintersPolicy
from simulator.rules.policies.kubernetes.container_apps import ContainerAppsParameters, ContainerAppsPolicy
from simulator.rules.policies.kubernetes.hpa import HpaParameters, HpaPolicy
from simulator.rules.policies.kubernetes.keda import KedaParameters, KedaPolicy
from simulator.rules.policies.kubernetes.keda_http import KedaHttpParameters, KedaHttpPolicy
from simulator.rules.policies.kubernetes.knative import KnativeParameters, KnativePolicy
from simulator.rules.policies.kubernetes.predictive_hpa import PredictiveHpaParameters, PredictiveHpaPolicy
from simulator.rules.policies.mpc import MpcParameters, MpcPolicy
from simulator.rules.policies.oracle import OracleParameters, OraclePolicy
from simulator.rules.policies.port import Policy
from simulator.rules.policies.requirements import Requirements
from simulator.rules.policies.scale_per_request import ScalePerRequestParameters, ScalePerRequestPolicy
from simulator.rules.policies.scheduled import ScheduledParameters, ScheduledPolicy

Build = Callable[[Any, AutoScalingConfiguration], Policy]


@dataclass(frozen=True, slots=True)
class PolicyKind:
    """A kind of policy. `build(parameters(...), scaling)` creates an instance.

    `parameters` is a frozen dataclass with documented or assumed defaults, which raises ValueError for a number out of
    range. `scales_to_zero`: the policy allows MinSize 0.
    """

    name: str
    parameters: type
    build: Build
    summary: str
    scales_to_zero: bool

    def needs(self, parameters: Any) -> frozenset[str]:
        """Return the extra signals that a policy with these parameters needs; the caller must supply them.

        `cpu` and `latency` are the extra fields of a Sample, `demand` is the future demand for the oracle. The result
        depends on the parameters: an HPA needs `cpu` unless its metric is concurrency.
        """
        needs: frozenset[str] = getattr(parameters, "needs", frozenset())
        return needs

    def requires(self, parameters: Any, scaling: AutoScalingConfiguration) -> Requirements | None:
        """Return when a policy with these parameters can act; None for user-defined policies, which declare nothing."""
        declared: Callable[[AutoScalingConfiguration], Requirements] | None = getattr(parameters, "requires", None)
        return None if declared is None else declared(scaling)


def _kind(name: str, parameters: type, build: Build, summary: str, *, to_zero: bool = False) -> PolicyKind:
    return PolicyKind(name, parameters, build, summary, scales_to_zero=to_zero)


_KINDS: Final = (
    _kind(
        "app-runner",
        AppRunnerParameters,
        AppRunnerPolicy,
        "App Runner: mean concurrency of a minute, late starts, never below MinSize provisioned",
    ),
    _kind(
        "knative",
        KnativeParameters,
        KnativePolicy,
        "Knative's KPA: stable and panic windows, scale to zero",
        to_zero=True,
    ),
    _kind("fixed", FixedParameters, FixedPolicy, "a fixed number of instances, the baseline"),
    _kind(
        "scale-per-request",
        ScalePerRequestParameters,
        ScalePerRequestPolicy,
        "an instance per request without a free slot, removed when idle (AWS Lambda, SimFaaS)",
        to_zero=True,
    ),
    _kind(
        "hpa",
        HpaParameters,
        HpaPolicy,
        "Kubernetes' HPA v2: CPU or concurrency against a target, with stabilisation and rate limits",
    ),
    _kind(
        "keda",
        KedaParameters,
        KedaPolicy,
        "KEDA: a polled trigger between 0 and 1, an HPA above",
        to_zero=True,
    ),
    _kind(
        "keda-http",
        KedaHttpParameters,
        KedaHttpPolicy,
        "KEDA's HTTP add-on: pending requests or their rate, woken by the first request",
        to_zero=True,
    ),
    _kind(
        "target-tracking",
        TargetTrackingParameters,
        TargetTrackingPolicy,
        "AWS target tracking (ECS): alarms of 3 and 15 minutes, cooldowns",
    ),
    _kind(
        "step-scaling",
        StepScalingParameters,
        StepScalingPolicy,
        "AWS step scaling: larger changes for larger breaches of an alarm",
    ),
    _kind(
        "ecs-express",
        EcsExpressParameters,
        EcsExpressPolicy,
        "Amazon ECS Express Mode: target tracking at 60 % CPU",
    ),
    _kind(
        "cloud-run",
        CloudRunParameters,
        CloudRunPolicy,
        "Google Cloud Run: the larger of CPU and concurrency at 60 %, idle instances kept",
        to_zero=True,
    ),
    _kind(
        "lambda",
        LambdaParameters,
        LambdaPolicy,
        "AWS Lambda: an environment per request, as fast as its token bucket allows",
        to_zero=True,
    ),
    _kind(
        "lambda-provisioned",
        LambdaProvisionedParameters,
        LambdaProvisionedPolicy,
        "Lambda's provisioned concurrency: target tracking at 70 % utilisation",
    ),
    _kind(
        "container-apps",
        ContainerAppsParameters,
        ContainerAppsPolicy,
        "Azure Container Apps: requests of 15 s per replica, steps of 1, 4, 8, 16 ...",
        to_zero=True,
    ),
    _kind("heroku", HerokuParameters, HerokuPolicy, "Heroku: one dyno at a time towards a desired p95"),
    _kind("fly", FlyParameters, FlyPolicy, "Fly.io: one machine at a time by soft limits", to_zero=True),
    _kind("scheduled", ScheduledParameters, ScheduledPolicy, "instances by the time of day", to_zero=True),
    _kind(
        "predictive-hpa",
        PredictiveHpaParameters,
        PredictiveHpaPolicy,
        "the larger of an HPA's result and the linear extrapolation of its history",
    ),
    _kind(
        "holt-winters",
        HoltWintersParameters,
        HoltWintersPolicy,
        "the load predicted from previous days by additive Holt-Winters",
    ),
    _kind(
        "aws-predictive",
        AwsPredictiveParameters,
        AwsPredictivePolicy,
        "AWS predictive scaling: an hourly forecast beside target tracking",
    ),
    _kind("mpc", MpcParameters, MpcPolicy, "model predictive control: the cheapest plan for the next steps"),
    _kind(
        "oracle",
        OracleParameters,
        OraclePolicy,
        "knows the future: the fewest instances that serve everything",
        to_zero=True,
    ),
)

POLICIES: Final[Mapping[str, PolicyKind]] = MappingProxyType({kind.name: kind for kind in _KINDS})
