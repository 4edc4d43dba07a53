"""The movable assumptions about AWS's other autoscalers: those with alarms, and provisioned concurrency."""

from __future__ import annotations

from typing import Final

from simulator.lab.assumptions.assumption import MovableAssumption, Place
from simulator.lab.assumptions.conditions import with_policy
from simulator.rules.policies.metrics.metric import PER_TARGET
from simulator.scenario.sections.service_spec import ServiceSpec

_ALARMS: Final = "rules/policies/aws/alarms.py"
_TRACKING: Final = "rules/policies/aws/tracking_parameters.py"
_START: Final = "rules/policies/aws/fargate_start.py"
_MB: Final = 1024**2
_alarm_policies: Final = with_policy("target-tracking", "step-scaling", "ecs-express")
_proportional: Final = with_policy("target-tracking", "ecs-express")
_tracking: Final = with_policy("target-tracking")
_managed: Final = with_policy("lambda-managed")
_LAMBDA: Final = "rules/policies/aws/lambda_.py"
_MANAGED: Final = "rules/policies/aws/lambda_managed.py"
_PERIOD_S: Final = 60.0  # of a point, unless it is set
_LATE_S: Final = 150.0
_HIGH_RESOLUTION_LATE_S: Final = 30.0
_MINUTE_POINTS: Final = 15  # of AlarmLow: 15 minutes


def _period_s(service: ServiceSpec) -> float:
    period_s: float = getattr(service.policy, "metric_period_s", _PERIOD_S)
    return period_s


def _late_s(service: ServiceSpec) -> float:
    return _HIGH_RESOLUTION_LATE_S if _period_s(service) < _PERIOD_S else _LATE_S


def _counts_requests(service: ServiceSpec) -> bool:
    return getattr(service.policy, "metric", "") == PER_TARGET


def _uses_utilisation(service: ServiceSpec) -> bool:
    return _tracking(service) and getattr(service.policy, "target", None) is None


def _measured_lambda(service: ServiceSpec) -> bool:
    """Return True if the service is a function of a runtime whose initialisation has been measured."""
    return service.policy.name == "lambda" and getattr(service.policy, "runtime", None) is not None


def _pulls_on_fargate(service: ServiceSpec) -> bool:
    """Return True if a start has the stages of Fargate, and the scenario gives no image of its own."""
    simulated = service.application.simulated
    return (
        service.policy.name in {"target-tracking", "step-scaling", "aws-predictive", "ecs-express"}
        and getattr(service.policy, "start_lag_s", None) is None
        and (simulated is None or simulated.image is None)
    )


AWS_POLICIES: Final = (
    MovableAssumption(
        ("policy", "metric_late_s"),
        "A point of the metric causes an alarm 150 s after its end (30 s with points of 20 s).",
        (Place(_ALARMS, "the point's delay is all"), Place(_ALARMS, "points of 20 s are visible")),
        default=_late_s,
        low=lambda service: round(_late_s(service) * 0.5),
        high=lambda service: round(_late_s(service) * 1.5),
        why="half and one and a half times the delay; AWS's benchmark has one load and does not name its size",
        applies=_alarm_policies,
    ),
    MovableAssumption(
        ("policy", "image_bytes"),
        "The compressed image of a task on Fargate has 100 MB.",
        (Place(_START, "the compressed image"),),
        default=100.0 * _MB,
        low=20.0 * _MB,
        high=500.0 * _MB,
        why="from a compiled program on a minimal base image to a full distribution with libraries",
        applies=_pulls_on_fargate,
    ),
    MovableAssumption(
        ("policy", "pull_bytes_per_second"),
        "A task on Fargate pulls its image at 12 MB/s.",
        (Place(_START, "layers are downloaded"),),
        default=12.0 * _MB,
        low=12.0 * _MB,
        high=25.0 * _MB,
        why="the range of the facts, from gzip to zstd",
        applies=_pulls_on_fargate,
    ),
    MovableAssumption(
        ("policy", "out_points"),
        "Step scaling's alarm needs two points above its threshold.",
        (Place("rules/policies/aws/step_scaling.py", "the alarms are user-defined"),),
        default=2,
        low=1,
        high=3,
        why="one point is the shortest alarm, three are those of target tracking",
        applies=with_policy("step-scaling"),
    ),
    MovableAssumption(
        ("policy", "target_utilisation"),
        "Target tracking keeps 70 % utilisation.",
        (Place(_TRACKING, "AWS has no default"),),
        default=0.7,
        low=0.5,
        high=0.8,
        why="the targets that tutorials recommend",
        applies=_uses_utilisation,
    ),
    MovableAssumption(
        ("policy", "in_points"),
        "With points of 20 s, AlarmLow needs 15 minutes of points, as with points of a minute.",
        (Place(_TRACKING, "with points of 20 s it covers"),),
        default=lambda service: round(_MINUTE_POINTS * _PERIOD_S / _period_s(service)),
        low=_MINUTE_POINTS,
        high=lambda service: round(_MINUTE_POINTS * _PERIOD_S / _period_s(service)),
        why="the same number of points as with points of a minute, or the same time",
        applies=lambda service: _tracking(service) and _period_s(service) < _PERIOD_S,
    ),
    MovableAssumption(
        ("policy", "base"),
        "Target tracking multiplies the mean running count over the minute of the point.",
        (Place(_TRACKING, "it uses the mean running count"),),
        default="measured",
        low="running",
        high="desired",
        why="the count at the time of the alarm, or the capacity of the published formula",
        applies=_proportional,
    ),
    MovableAssumption(
        ("policy", "scale_in_share"),
        "Target tracking removes the whole surplus at once.",
        (Place(_TRACKING, "it is not published how much more gradual"),),
        default=1.0,
        low=0.25,
        high=1.0,
        why='AWS calls scale-in "more gradual": a quarter of the surplus at a time is a slow one',
        applies=_proportional,
    ),
    MovableAssumption(
        ("policy", "silence_is_missing"),
        "A metric has the value 0 when there are no requests; a count of requests then has none.",
        (Place(_TRACKING, "a metric of requests has no data"),),
        default=_counts_requests,
        low=False,
        high=True,
        why="some products publish nothing then, and never scale in",
        applies=_tracking,
    ),
    MovableAssumption(
        ("policy", "start_lag_s"),
        "Provisioned concurrency is allocated after a minute.",
        (Place("rules/policies/aws/lambda_provisioned.py", "allocation takes one or two"),),
        default=60.0,
        low=30.0,
        high=120.0,
        why="one or two minutes according to reports, half a minute at best",
        applies=with_policy("lambda-provisioned"),
    ),
    MovableAssumption(
        ("policy", "idle_expiry_spread"),
        "Idle environments of Lambda end within 1 % of ten and a half minutes.",
        (Place(_LAMBDA, "environments of every function expire"),),
        default=0.01,
        low=0.0,
        high=1.0,
        why="constant, or evenly over 21 minutes: beside busy environments, some idled for up to 25 minutes",
        applies=with_policy("lambda"),
    ),
    MovableAssumption(
        ("policy", "idle_expiry_beside_s"),
        "Lambda keeps an idle environment for 15 minutes while the function has another one.",
        (Place(_LAMBDA, "what matters is that another"),),
        default=900.0,
        low=630.0,
        high=1500.0,
        why="as long as the only environment, to the longest idle times of the recording",
        applies=with_policy("lambda"),
    ),
    MovableAssumption(
        ("policy", "age_limit_s"),
        "Lambda ends an environment two hours after its start.",
        (Place(_LAMBDA, "an environment ends two hours"),),
        default=7200.0,
        low=3600.0,
        high=14_400.0,
        why="half and twice the age that was recorded in 2020",
        applies=with_policy("lambda"),
    ),
    MovableAssumption(
        ("policy", "cpu_target"),
        "Lambda Managed Instances use half of their CPU.",
        (Place(_MANAGED, "half of the CPU is used"),),
        default=0.5,
        low=0.4,
        high=0.7,
        why="headroom for more or for less than twice the traffic",
        applies=_managed,
    ),
    MovableAssumption(
        ("policy", "concurrency_target"),
        "Lambda Managed Instances use half of their slots.",
        (Place(_MANAGED, "half of the slots are used"),),
        default=0.5,
        low=0.4,
        high=0.7,
        why="headroom for more or for less than twice the traffic",
        applies=_managed,
    ),
    MovableAssumption(
        ("policy", "window_s"),
        "The scaler of Lambda Managed Instances uses means of half a minute.",
        (Place(_MANAGED, "the agents' signals are means"),),
        default=30.0,
        low=10.0,
        high=60.0,
        why="a few signals of the agents to a minute of CloudWatch",
        applies=_managed,
    ),
    MovableAssumption(
        ("policy", "tick_s"),
        "The scaler of Lambda Managed Instances decides every ten seconds.",
        (Place(_MANAGED, "the scaler decides every ten"),),
        default=10.0,
        low=1.0,
        high=60.0,
        why="at once to once a minute",
        applies=_managed,
    ),
    MovableAssumption(
        ("policy", "scale_in_s"),
        "Lambda Managed Instances scale in evenly over five minutes.",
        (Place(_MANAGED, '"gradually" means evenly'),),
        default=300.0,
        low=120.0,
        high=900.0,
        why='"gradually": two minutes to a quarter of an hour',
        applies=_managed,
    ),
    MovableAssumption(
        ("policy", "start_lag_s"),
        "An EC2 instance of Lambda Managed Instances needs 60 s to start.",
        (Place(_MANAGED, "an EC2 instance boots"),),
        default=60.0,
        low=20.0,
        high=180.0,
        why="the boot of a small image to three minutes with a large one",
        applies=_managed,
    ),
    MovableAssumption(
        ("policy", "placement_s"),
        "Lambda places an environment and fetches its package in 0.15 s.",
        (Place(_LAMBDA, "an environment is placed"),),
        default=0.15,
        low=0.05,
        high=0.5,
        why="a package of a few kB in a cache to an image that is fetched in parts",
        applies=_measured_lambda,
    ),
)
