"""The movable assumptions about App Runner: its autoscaler, its pool, its probes and its prices."""

from __future__ import annotations

from typing import Final

from simulator.lab.assumptions.assumption import MovableAssumption, Place, Value
from simulator.lab.assumptions.conditions import (
    distinguishes_idle,
    ignores_sigterm,
    on_app_runner,
    scales_on_app_runner,
    with_policy,
)
from simulator.model.instance import AT_IDLE_SHARE_S, WAKE_MEDIAN_S
from simulator.rules.region_prices import prices_of_region
from simulator.scenario.sections.distribution_spec import DistributionSpec
from simulator.scenario.sections.service_spec import OverflowSpec, ServiceSpec

_POLICY: Final = "rules/policies/aws/app_runner.py"
_POOL: Final = "fleet/pool/settings.py"
_PRICES: Final = "rules/region_prices.py"
# The published rates of four Regions and their estimates differ by at most this much (rules/region_prices.py).
_PRICE_ERROR: Final = 0.04
_AT_ONCE: Final = "reject"
_SHORT_QUEUE: Final = "queue for 1s"
_app_runner: Final = with_policy("app-runner")


def _health_check_interval_s(service: ServiceSpec) -> float:
    return service.health_check_spec.interval_s


def _prices_are_estimated(service: ServiceSpec) -> bool:
    given = service.prices.model_dump(exclude={"region"}, exclude_none=True)
    return prices_of_region(service.prices.region).is_estimated and not given


def _at_prices(service: ServiceSpec, factor: Value) -> ServiceSpec:
    """Return the service with the rates of its Region times `factor`."""
    assert isinstance(factor, float)
    rates = {name: rate * factor for name, rate in service.prices.rates._asdict().items()}
    given = {name: rate for name, rate in rates.items() if name in type(service.prices).model_fields}
    return service.model_copy(update={"prices": service.prices.model_copy(update=given)})


def _overflow(service: ServiceSpec) -> str:
    given = service.overflow
    return given.mode if given.mode == "reject" else f"queue for {given.wait_s:g}s"


def _with_overflow(service: ServiceSpec, value: Value) -> ServiceSpec:
    """Return the service that rejects at once, or that has the short queue."""
    given = {"mode": "queue", "wait": "1s", "queue": 1024} if value == _SHORT_QUEUE else {"mode": "reject"}
    return service.model_copy(update={"overflow": OverflowSpec.model_validate(given)})


def _wake_s(service: ServiceSpec) -> float:
    return WAKE_MEDIAN_S if service.wake.constant_s is None else service.wake.constant_s


def _with_wake(service: ServiceSpec, wake_s: Value) -> ServiceSpec:
    """Return the service whose wakes take `wake_s`."""
    assert isinstance(wake_s, float)
    return service.model_copy(update={"wake": DistributionSpec.model_construct(constant_s=wake_s)})


APP_RUNNER: Final = (
    MovableAssumption(
        ("policy", "window_s"),
        "App Runner scales by the mean of the last minute's requests in flight.",
        (Place(_POLICY, "AWS publishes the metric per minute"),),
        default=60.0,
        low=30.0,
        high=120.0,
        why="half and twice the minute of the published metric",
        applies=_app_runner,
    ),
    MovableAssumption(
        ("policy", "target_utilisation"),
        "App Runner adds an instance at 70 % of MaxConcurrency.",
        (Place(_POLICY, "0.5 to 0.79 reproduce the steps"),),
        default=0.7,
        low=0.5,
        high=0.79,
        why="the values that reproduce the measured steps of validation case 31",
        applies=_app_runner,
    ),
    MovableAssumption(
        ("policy", "count_rejections"),
        "Rejected requests count as load for App Runner's autoscaler.",
        (Place(_POLICY, "rejected requests are not in flight"),),
        default=True,
        low=False,
        high=True,
        why="either is possible; no public load test exceeds the capacity tenfold",
        applies=_app_runner,
    ),
    MovableAssumption(
        ("policy", "tick_s"),
        "App Runner decides every second.",
        (Place(_POLICY, "unknown; one second fits"),),
        default=1.0,
        low=1.0,
        high=15.0,
        why="15 s is the interval of Kubernetes' autoscaler",
        applies=_app_runner,
    ),
    MovableAssumption(
        ("policy", "start_lag_s"),
        "App Runner needs 32 s to provide an instance, in addition to the application's own start.",
        (Place(_POLICY, "fitted, see above"),),
        default=32.0,
        low=29.0,
        high=55.0,
        why="29 s fit the measured step with a target of 0.79; adding an instance takes most of a minute at most",
        applies=_app_runner,
    ),
    MovableAssumption(
        ("policy", "scale_in_delay_s"),
        "App Runner removes an instance after it has not been needed for five minutes.",
        (Place(_POLICY, 'no public figure; "several minutes"'),),
        default=300.0,
        low=120.0,
        high=900.0,
        why='"several minutes": from two minutes to a quarter of an hour',
        applies=_app_runner,
    ),
    MovableAssumption(
        ("policy", "idle_after_s"),
        "An active instance is idle, and billed for memory only, when it has had no request for a minute.",
        (
            Place(_POLICY, "ActiveInstances shows 0"),
            Place(_POOL, "when App Runner throttles"),
        ),
        default=lambda service: service.idle_after_s,
        low=30.0,
        high=300.0,
        why="from half the billing minimum of a minute to five points of the published metric",
        applies=lambda service: distinguishes_idle(service) and "idle_after_s" not in service.model_fields_set,
    ),
    MovableAssumption(
        ("balancing",),
        "App Runner sends a request to the instance with the fewest requests in progress.",
        (Place(_POOL, "App Runner's balancing is unknown"),),
        default="least-outstanding",
        low="round-robin",
        high="two-choices",
        why="the other algorithms that Envoy, its load balancer, uses by default or for least requests",
        applies=on_app_runner,
    ),
    MovableAssumption(
        ("overflow",),
        "App Runner rejects a request that finds no slot at once, without a short queue.",
        (Place(_POOL, "a request that finds no slot"),),
        default=_overflow,
        low=_AT_ONCE,
        high=_SHORT_QUEUE,
        why="a second is short beside the minute of a scale-out; 1,024 waiting requests are Envoy's default limit",
        applies=lambda service: on_app_runner(service) and "overflow" not in service.model_fields_set,
        move=_with_overflow,
    ),
    MovableAssumption(
        ("drain_timeout_s",),
        "A draining instance may continue its requests for 120 s.",
        (Place(_POOL, "drain and stop times"),),
        default=120.0,
        low=30.0,
        high=120.0,
        why="no request lasts longer than 120 s; 30 s is Fargate's time from SIGTERM to SIGKILL",
        applies=on_app_runner,
    ),
    MovableAssumption(
        ("stop_grace_s",),
        "An instance that does not exit on SIGTERM is killed after 30 s.",
        (Place(_POOL, "drain and stop times"),),
        default=30.0,
        low=10.0,
        high=120.0,
        why="10 s is the default of container engines, 120 s Fargate's maximum",
        applies=lambda service: on_app_runner(service) and ignores_sigterm(service),
    ),
    MovableAssumption(
        ("route_after_s",),
        "An added instance receives requests as soon as it is healthy.",
        (Place(_POOL, "from healthy to routed"),),
        default=0.0,
        low=0.0,
        high=10.0,
        why="deployments take 65 to 71 s here, but the measured step leaves an added instance a few seconds",
        applies=scales_on_app_runner,
    ),
    MovableAssumption(
        ("startup_probe_s",),
        "App Runner checks a starting instance every second until it is healthy.",
        (Place("rules/policies/readiness.py", "it is unknown when App Runner first probes"),),
        default=1.0,
        low=0.0,
        high=_health_check_interval_s,
        why="from ready as soon as it listens to the interval of the health check",
        applies=scales_on_app_runner,
    ),
    MovableAssumption(
        ("wake_s",),
        "App Runner restores the CPU of an idle instance in 0.5 ms (median; p95 4 ms) and then forwards a request.",
        (Place("model/instance.py", "App Runner restores the CPU before"),),
        default=_wake_s,
        low=0.0,
        high=AT_IDLE_SHARE_S,
        why="a request that is served at the idle share of the CPU is 145 ms slower on real instances",
        applies=lambda service: distinguishes_idle(service) and "wake" not in service.model_fields_set,
        move=_with_wake,
    ),
    MovableAssumption(
        ("prices",),
        "App Runner's rates in this Region differ from those of us-east-1 as Fargate's do (factor of the rates).",
        (Place(_PRICES, "in the other Regions App Runner"), Place(_PRICES, "no copy of the page contained")),
        default=1.0,
        low=1 - _PRICE_ERROR,
        high=1 + _PRICE_ERROR,
        why="the estimate is right within 4 % where the published rates are known",
        applies=_prices_are_estimated,
        move=_at_prices,
    ),
)
