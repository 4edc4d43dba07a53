"""Scaling policies by their names in scenario files. A new policy is a module in this package and an entry in `_KINDS`.

The module of a policy is imported when its parameters or its class are first used, because a run uses only one policy.
Modules shared by several policies, in the order in which a decision uses them: `metrics.metric` and
`metrics.published_metric` (what is measured, how often, with which delay), `metrics.forecast`, `hpa_replicas` and
`alarms` (formulas), `hpa_behaviour` and `scaled_object` (limits), `bounds`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.port import Policy
from simulator.rules.policies.requirements import Requirements

Build = Callable[[Any, AutoScalingConfiguration], Policy]


@dataclass(frozen=True)
class PolicyKind:
    """A kind of policy. `build(parameters(...), scaling)` creates an instance.

    `load` returns the class of the parameters and `build`; it is called once, when either is first used.
    `scales_to_zero` is True if the policy allows MinSize 0.
    """

    name: str
    load: Callable[[], tuple[type, Build]]
    summary: str
    scales_to_zero: bool

    @functools.cached_property
    def _loaded(self) -> tuple[type, Build]:
        return self.load()

    @property
    def parameters(self) -> type:
        """Return the class of the parameters: a frozen dataclass with documented or assumed defaults.

        Its constructor raises ValueError for a number out of range.
        """
        return self._loaded[0]

    @property
    def build(self) -> Build:
        """Return the function that creates a policy from its parameters and the auto scaling configuration."""
        return self._loaded[1]

    def needs(self, parameters: Any) -> frozenset[str]:
        """Return the extra signals that a policy with these parameters needs; the caller must supply them.

        `cpu` and `latency` are the extra fields of a Sample, `demand` is the future demand for the oracle. The result
        depends on the parameters: an HPA needs `cpu` unless its metric is concurrency.
        """
        needs: frozenset[str] = getattr(parameters, "needs", frozenset())
        return needs

    def requires(self, parameters: Any, scaling: AutoScalingConfiguration) -> Requirements | None:
        """Return the conditions under which a policy with these parameters can act; None for user-defined policies,
        which do not declare them.
        """
        declared: Callable[[AutoScalingConfiguration], Requirements] | None = getattr(parameters, "requires", None)
        return None if declared is None else declared(scaling)


def _kind(name: str, module: str, summary: str, *, to_zero: bool = False) -> PolicyKind:
    """Return a shipped policy. The class names follow from `name`: for `keda-http`, KedaHttpParameters and
    KedaHttpPolicy.
    """
    return PolicyKind(name, functools.partial(_classes, name, module), summary, scales_to_zero=to_zero)


def _classes(name: str, module: str) -> tuple[type, Build]:
    found = import_module(f"simulator.rules.policies.{module}")
    prefix = "".join(word.capitalize() for word in name.split("-"))
    return getattr(found, f"{prefix}Parameters"), getattr(found, f"{prefix}Policy")


_KINDS: Final = (
    _kind(
        "app-runner",
        "aws.app_runner",
        "App Runner: mean concurrency of a minute, late starts, never below MinSize provisioned",
    ),
    _kind(
        "knative",
        "kubernetes.knative",
        "Knative's KPA: stable and panic windows, scale to zero",
        to_zero=True,
    ),
    _kind("fixed", "fixed", "a fixed number of instances, the baseline"),
    _kind(
        "scale-per-request",
        "scale_per_request",
        "an instance per request without a free slot, removed when idle (AWS Lambda, SimFaaS)",
        to_zero=True,
    ),
    _kind(
        "hpa",
        "kubernetes.hpa",
        "Kubernetes' HPA v2: CPU or concurrency against a target, with stabilisation and rate limits",
    ),
    _kind(
        "keda",
        "kubernetes.keda",
        "KEDA: a polled trigger between 0 and 1, an HPA above",
        to_zero=True,
    ),
    _kind(
        "keda-http",
        "kubernetes.keda_http",
        "KEDA's HTTP add-on: pending requests or their rate, woken by the first request",
        to_zero=True,
    ),
    _kind(
        "target-tracking",
        "aws.target_tracking",
        "AWS target tracking (ECS): alarms of 3 and 15 minutes, cooldowns",
    ),
    _kind(
        "step-scaling",
        "aws.step_scaling",
        "AWS step scaling: larger changes for larger breaches of an alarm",
    ),
    _kind(
        "ecs-express",
        "aws.ecs_express",
        "Amazon ECS Express Mode: target tracking at 60 % CPU",
    ),
    _kind(
        "cloud-run",
        "cloud_run",
        "Google Cloud Run: the larger of CPU and concurrency at 60 %, idle instances kept",
        to_zero=True,
    ),
    _kind(
        "lambda",
        "aws.lambda_",
        "AWS Lambda: an environment per request, as fast as its token bucket allows",
        to_zero=True,
    ),
    _kind(
        "lambda-provisioned",
        "aws.lambda_provisioned",
        "Lambda's provisioned concurrency: target tracking at 70 % utilisation",
    ),
    _kind(
        "lambda-managed",
        "aws.lambda_managed",
        "Lambda Managed Instances: half of the CPU and of the slots free, no start for a request",
    ),
    _kind(
        "container-apps",
        "kubernetes.container_apps",
        "Azure Container Apps: requests of 15 s per replica, steps of 1, 4, 8, 16 ...",
        to_zero=True,
    ),
    _kind("heroku", "heroku", "Heroku: one dyno at a time towards a desired p95"),
    _kind("fly", "fly", "Fly.io: one machine at a time by soft limits", to_zero=True),
    _kind("scheduled", "scheduled", "instances by the time of day", to_zero=True),
    _kind(
        "predictive-hpa",
        "kubernetes.predictive_hpa",
        "the larger of an HPA's result and the linear extrapolation of its history",
    ),
    _kind(
        "holt-winters",
        "holt_winters",
        "the load predicted from previous days by additive Holt-Winters",
    ),
    _kind(
        "aws-predictive",
        "aws.aws_predictive",
        "AWS predictive scaling: an hourly forecast beside target tracking",
    ),
    _kind("mpc", "mpc", "model predictive control: the cheapest plan for the next steps"),
    _kind(
        "oracle",
        "oracle",
        "knows the future: the fewest instances that serve everything",
        to_zero=True,
    ),
)

POLICIES: Final[Mapping[str, PolicyKind]] = MappingProxyType({kind.name: kind for kind in _KINDS})
