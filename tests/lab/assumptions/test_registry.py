"""The registry of movable assumptions, compared with the `ASSUMPTION:` comments and the defaults of the code."""

from collections import Counter

import pytest

from reference_assumptions import Assumption, assumptions
from simulator.lab.assumptions.assumption import MovableAssumption, Place
from simulator.lab.assumptions.registry import MOVABLE
from simulator.lab.assumptions.unmoved import UNMOVED
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.policy_platform import policy_with_platform
from simulator.scenario.scenario import read_scenario
from simulator.scenario.sections.policy_spec import policy_named
from simulator.scenario.sections.service_spec import ServiceSpec
from tests.scenario.scenario_texts import scenario_text

ROOMS = ("rules", "fleet", "platform", "model", "world")
"""The rooms whose code decides the figures of a run."""

PLACES = [place for each in MOVABLE for place in each.places] + [each.place for each in UNMOVED]


def is_at(found: Assumption, place: Place) -> bool:
    return found.file == place.module and found.text.startswith(place.begins)


FOUND = [found for found in assumptions() if found.file.partition("/")[0] in ROOMS]


def test_every_assumption_of_the_platform_is_movable_or_has_a_reason_why_not() -> None:
    assert len(FOUND) > 80
    missing = [f"{found.file}:{found.line}: {found.text[:60]}" for found in FOUND if not _places_of(found)]
    assert missing == [], "add each to the registry in simulator/lab/assumptions, or to unmoved.py with the reason"


def test_an_assumption_is_not_both_movable_and_unmoved() -> None:
    movable = {place for each in MOVABLE for place in each.places}
    assert [place for place in (each.place for each in UNMOVED) if place in movable] == []
    assert [place for place, times in Counter(each.place for each in UNMOVED).items() if times > 1] == []


@pytest.mark.parametrize("place", dict.fromkeys(PLACES), ids=lambda place: f"{place.module}: {place.begins}")
def test_every_entry_names_one_assumption_of_the_code(place: Place) -> None:
    assert len([found for found in FOUND if is_at(found, place)]) == 1


def _places_of(found: Assumption) -> list[Place]:
    return [place for place in PLACES if is_at(found, place)]


def service_with(settings: str) -> ServiceSpec:
    text = scenario_text(duration="20s", traffic="{poisson: {rate: 20/s}}", service=settings)
    (service,) = read_scenario(text).services.values()
    return service


def services() -> dict[str, ServiceSpec]:
    """Return a service with each policy of the registry that has defaults, and with the settings of its platform."""
    service, made = service_with("max_size: 3"), {}
    for name in POLICIES:
        if name != "scheduled":  # has no defaults
            made[name] = service.model_copy(update=policy_with_platform(service, policy_named(name)))
    return made


SERVICES = services()
PAIRS = [
    pytest.param(each, service, id=f"{each.key} of {name}")
    for each in MOVABLE
    for name, service in SERVICES.items()
    if each.applies(service)
]


MORE = {
    "prices": "prices: {region: eu-west-3}",
    "policy.in_points": "policy: {name: target-tracking, metric_period: 20s}",
    "policy.target": "policy: {name: hpa, metric: concurrency}",
    "policy.target_utilisation": "policy: target-tracking",
    "policy.placement": "policy: {name: lambda, runtime: python3.13}",
}
"""Settings of a service that depends on an assumption which no policy with its defaults depends on."""


def test_each_applies_to_a_policy_with_its_defaults_or_needs_more_than_a_policy() -> None:
    applied = {id(pair.values[0]) for pair in PAIRS}
    others = [each for each in MOVABLE if id(each) not in applied]
    assert [each.key for each in others] == [
        "stop_grace",
        "prices",
        "policy.in_points",
        "policy.placement",
        "policy.target",
    ]


@pytest.mark.parametrize(("key", "settings"), MORE.items())
def test_some_need_more_than_a_policy(key: str, settings: str) -> None:
    service = service_with(settings)
    (each,) = [each for each in MOVABLE if each.key == key and each.depends(service)]
    low, high = each.ends(service) if len(each.ends(service)) > 1 else (each.ends(service)[0], each.assumed(service))
    assert low != high
    assert low != each.assumed(service)
    assert not each.depends(each.moved(service, low))


def test_estimated_rates_move_together() -> None:
    service = service_with("prices: {region: eu-west-3}")
    (each,) = [each for each in MOVABLE if each.key == "prices" and each.depends(service)]
    rates = each.moved(service, 1.04).prices.rates
    assert rates.active_vcpu_hour == pytest.approx(service.prices.rates.active_vcpu_hour * 1.04)
    assert rates.provisioned_gb_hour == pytest.approx(service.prices.rates.provisioned_gb_hour * 1.04)
    assert rates.deployments_month == service.prices.rates.deployments_month
    assert not each.applies(service_with("prices: {region: us-east-1}"))
    assert not each.applies(service_with("prices: {region: eu-west-3, active_vcpu_hour: 0.05}"))


@pytest.mark.parametrize(("each", "service"), PAIRS)
def test_its_default_is_the_value_with_which_the_service_runs(each: MovableAssumption, service: ServiceSpec) -> None:
    assert each.current(service) == each.assumed(service)


def value_in_the_code(key: str, service: ServiceSpec) -> float | bool | str | None:
    """Return the value with which the policy works if the scenario sets none, from the policy itself."""
    parameters = service.policy.parameters
    match key:
        case "startup_probe":
            return service.policy.actuator(service.scaling).startup_probe_s
        case "policy.start_lag":
            return service.policy.actuator(service.scaling).start_lag_s
        case "policy.metric_late":
            late_s: float = getattr(parameters, "late_s", parameters.metric_late_s)
            return late_s
        case "policy.in_points":
            points: int = parameters.low_points
            return points
        case "policy.target":
            (trigger,) = parameters.requires(service.scaling).triggers
            target: float = trigger.above / (1 + parameters.tolerance)
            return target
        case _:
            return None


@pytest.mark.parametrize(
    ("each", "service"),
    [
        *PAIRS,
        *(
            (each, service_with(settings))
            for settings in (
                "policy: {name: target-tracking, metric_period: 20s}",
                "policy: {name: step-scaling, metric_period: 20s}",
                "policy: {name: hpa, metric: concurrency}",
                "policy: keda",
            )
            for each in MOVABLE
            if each.applies(service_with(settings))
        ),
    ],
)
def test_its_default_is_the_value_of_the_policy(each: MovableAssumption, service: ServiceSpec) -> None:
    expected = value_in_the_code(each.key, service)
    assert expected is None or each.assumed(service) == pytest.approx(expected)


@pytest.mark.parametrize(("each", "service"), PAIRS)
def test_its_ends_are_valid_values_and_one_of_them_differs(each: MovableAssumption, service: ServiceSpec) -> None:
    ends = each.ends(service)
    assert ends
    for value in ends:
        moved = each.moved(service, value)
        assert each.current(moved) == value
        assert moved.policy.kind.build(moved.policy.parameters, moved.scaling).name
        assert each.is_set(moved)
    assert all(isinstance(value, bool | str) for value in ends) or _is_between(each, service)


def _is_between(each: MovableAssumption, service: ServiceSpec) -> bool:
    """Return True if the default is within the range."""
    ends = [float(value) for value in (each.assumed(service), *each.ends(service))]
    low, high = (value(service) if callable(value) else value for value in (each.low, each.high))
    return float(low) <= ends[0] <= float(high)


@pytest.mark.parametrize(("each", "service"), PAIRS)
def test_a_value_of_the_scenario_file_is_not_assumed(each: MovableAssumption, service: ServiceSpec) -> None:
    assert not each.depends(each.moved(service, each.ends(service)[0]))
