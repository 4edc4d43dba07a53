"""Decisions published by upstream projects in their tests and documents, which must be reproduced exactly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from simulator.lab.elasticity.elasticity import Elasticity, elastic_speedup
from simulator.lab.validate.case import Case, Evidence, Finding, Subject, exact
from simulator.lab.validate.ground_truth import vectors
from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.step_scaling import StepScalingParameters, StepScalingPolicy
from simulator.rules.policies.kubernetes.hpa_behaviour import UP, Direction, HpaBehaviour, RateLimit
from simulator.rules.policies.kubernetes.hpa_replicas import Pods, by_average_value, by_pods, by_value
from simulator.rules.policies.kubernetes.knative_decider import Decider, DeciderSpec
from simulator.rules.policies.port import Observation, Sample
from simulator.rules.windows import LinearWindow

KNATIVE: Final = "knative/serving @98e5ef90, its own tests"
KUBERNETES: Final = "kubernetes/kubernetes @00067268, its own tests"

Published = dict[str, Any]


def knative_decisions() -> list[Finding]:
    """Return case 39: desired counts exactly, excess burst capacity within one (recomputed from the formula)."""
    wanted, got, excess = [], [], 0.0
    for case in vectors("kpa_decision_vectors.json")["cases"]:
        for want, have, off in knative_case(case):
            wanted.append(want)
            got.append(have)
            excess = max(excess, off)
    return [*exact("decisions", wanted, got), Finding("worst excess burst capacity", 0, excess, 1)]


def knative_case(case: Published) -> list[tuple[int, int, float]]:
    """Return (published desired count, decided desired count, difference of the excess burst capacity) per step."""
    decider = Decider(DeciderSpec(**case["spec"]), now_s=0, ready=1)
    decider.panic_since_s = case["pre"].get("panic_started")
    decider.max_panic = case["pre"].get("max_panic_pods", 1)
    steps = []
    for at_s, ready, stable, panic, desired, excess in case["steps"]:
        scale = decider.scale(at_s, ready, stable, panic)
        steps.append((desired, scale.desired, abs(scale.excess_burst_capacity - excess)))
    return steps


def knative_windows() -> list[Finding]:
    """Return case 40: the average over a window of five seconds after every write and pause."""
    window, wanted, got = LinearWindow(5), [], []
    for action, at_s, value in vectors("kpa_window_vectors.json")["linear"]:
        if action == "record":
            window.record(at_s, value)
        else:
            wanted.append(value)
            got.append(window.average(at_s))
    return exact("averages", wanted, got)


def hpa_decisions() -> list[Finding]:
    """Return case 41: replicas for pods, some of them unready, and for external metrics."""
    published = vectors("hpa_decision_vectors.json")
    tolerance: float = published["tolerance"]
    pods, external = published["cases"], published["external_average_value"]
    found = [by_average_value(case["total"], case["target"], case["current"], tolerance) for case in external]
    return [
        *exact("by pods", [case["want"] for case in pods], [hpa_replicas(case, tolerance) for case in pods]),
        *exact("by external metrics", [case["want"] for case in external], found),
    ]


def hpa_replicas(case: Published, tolerance: float) -> int:
    """Return the replicas for one of the published cases."""
    values = case["ready_pod_values"]
    # The published case "ScaleDown, 2 of 5 unready" has these pods only as missing metrics, which scale-in ignores.
    unready = case["current"] - len(values) if "unready" in case["name"] else case["unready_treated_as_zero"]
    return by_pods(sum(values) / len(values), case["target"], Pods(len(values), unready), case["current"], tolerance)


def hpa_scale_down() -> list[Finding]:
    """Return case 42: from 80 to 10 by four pods or 10 % per minute, whichever is larger."""
    ramp = vectors("hpa_decision_vectors.json")["scale_down_policy_80_to_10_4pods_or_10pct_per_min"]
    down = Direction(0, (RateLimit(pods=4, period_s=60), RateLimit(share=0.1, period_s=60)))
    return exact("replicas by the minute", ramp, followed(HpaBehaviour(UP, down), 80, 10, 60, len(ramp)))


def hpa_scale_up() -> list[Finding]:
    """Return case 43: the default ramp, by four pods or doubling every 15 s."""
    ramp = vectors("hpa_decision_vectors.json")["scale_up_default_ramp_from_1_per_15s"]
    return exact("replicas by 15 s", ramp, followed(HpaBehaviour(), 1, 160, 15, len(ramp)))


def followed(behaviour: HpaBehaviour, start: int, wanted: int, period_s: float, count: int) -> list[int]:
    """Return the replicas at the beginning of each period while `wanted` replicas are requested throughout."""
    replicas = [start]
    for period in range(count - 1):
        now_s = period * period_s
        after, _ = behaviour.settle(now_s, replicas[-1], wanted)
        behaviour.moved(now_s, replicas[-1], after)
        replicas.append(after)
    return replicas


def step_scaling() -> list[Finding]:
    """Return case 44: 10 tasks; the metric changes to 60, 70, 40 and 30 %, each time after the cooldown."""
    return exact("tasks", [11, 14, 13, 10], step_scaling_trace((0.6, 0.7, 0.4, 0.3)))


def step_scaling_trace(shares: Sequence[float]) -> list[int]:
    """Return the tasks after each minute at these CPU utilizations of all tasks together, starting with ten tasks."""
    scaling = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=50)
    parameters = StepScalingParameters(
        out_points=1, in_points=1, metric_late_s=0.0, scale_out_cooldown_s=0.0, scale_in_cooldown_s=0.0
    )
    policy, ready, trace = StepScalingPolicy(parameters, scaling), 10, []
    for minute, share in enumerate(shares):
        for second in range(minute * 60, minute * 60 + 60):
            policy.observe(Sample(second, 0, 0, 0, 0, 0, 0, ready, cpu_s=share * ready))
        ready = policy.decide(Observation(minute * 60 + 60, ready, 0, 0, 0, scaling)).desired
        trace.append(ready)
    return trace


def keda_value_types() -> list[Finding]:
    """Return case 45: a queue of 20 at 5 per replica; an age of 20 with a target of 5 and 3 replicas."""
    return exact("replicas", [4, 12], [by_average_value(20, 5, 3, 0.1), by_value(20, 5, 3, 3, 0.1)])


def speedup() -> list[Finding]:
    """Return case 38: the speedup from the published metrics of no autoscaler, of an LSTM's and of an ANN's."""
    none = _metrics(3.29, 3.06, 57.95, 57.05)
    return [
        Finding("eta of the LSTM", 1.84, elastic_speedup(none, _metrics(0.48, 4.28, 15.85, 89.10)), 0.005),
        # Published as 1.50; the same formula gives 1.510 from the published, rounded metrics.
        Finding("eta of the ANN", 1.50, elastic_speedup(none, _metrics(0.94, 3.51, 26.50, 73.20)), 0.015),
    ]


def cases() -> list[Case]:
    rules = partial(Case, evidence=Evidence.RULES)
    kubernetes, knative = partial(rules, subject=Subject.KUBERNETES), partial(rules, subject=Subject.KNATIVE)
    return [
        Case(
            "38",
            "Elastic speedup",
            "Imdoukh et al. 2019, doi 10.1007/s00521-019-04507-z",
            speedup,
            Subject.ELASTICITY,
            Evidence.THEORY,
            "2019",
            "Computed from the paper's rounded metrics of three scalers.",
        ),
        knative(
            "39",
            "KPA, decisions",
            KNATIVE,
            knative_decisions,
            dated="2026",
            set_up="The inputs and desired pods of Knative's unit tests.",
        ),
        knative(
            "40",
            "KPA, windows",
            KNATIVE,
            knative_windows,
            dated="2026",
            set_up="The writes and averages of Knative's unit tests.",
        ),
        kubernetes(
            "41",
            "HPA, decisions",
            KUBERNETES,
            hpa_decisions,
            dated="2026",
            set_up="The metrics and replicas of the replica calculator's unit tests.",
        ),
        kubernetes(
            "42",
            "HPA, scale-down policy",
            "kubernetes/website @01650250",
            hpa_scale_down,
            dated="2026",
            set_up="80 to 10 replicas by four pods or 10 % a minute.",
        ),
        kubernetes(
            "43",
            "HPA, default ramp",
            "pkg/apis/autoscaling/v2/defaults.go @1adaa753",
            hpa_scale_up,
            dated="2026",
            set_up="From one replica by four pods or doubling every 15 s.",
        ),
        rules(
            "44",
            "Step scaling, the user guide's trace",
            "awsdocs/application-auto-scaling",
            step_scaling,
            Subject.ECS,
            dated="2026",
            set_up="Ten tasks; the metric goes to 60, 70, 40 and 30 %.",
        ),
        kubernetes(
            "45",
            "KEDA, value types",
            "kedacore/keda-docs 2.21",
            keda_value_types,
            dated="2026",
            set_up="A queue of 20 at 5 per replica; an age of 20 with a target of 5.",
        ),
    ]


def _metrics(
    under_provisioned_amount: float,
    over_provisioned_amount: float,
    under_provisioned_time: float,
    over_provisioned_time: float,
) -> Elasticity:
    return Elasticity(
        under_provisioned_amount, over_provisioned_amount, under_provisioned_time, over_provisioned_time, 0.0, 0.0, 0.0
    )
