"""The parts about a service: instance time, money and the entries of its journal."""

from __future__ import annotations

import math

import pytest

from simulator.model.instance import InstanceState
from simulator.model.sizes import InstanceSize
from simulator.model.times import RunTime
from simulator.records.events import ConfigurationChanged, Event, EventLogged
from simulator.records.instance_time import InstanceTime
from simulator.records.scale_out import ScaleOut
from simulator.report.services import (
    configuration_parts,
    cost_part,
    decision_parts,
    desired_steps,
    event_parts,
    instance_event_parts,
    instances_part,
    look_parts,
)
from simulator.rules.policies.port import Decision
from simulator.rules.pricing import InstanceUsage, Rates
from tests.report.fake_run import DURATION_S, FACTS, decided, moved

S = InstanceState
SIZE = InstanceSize(1024, 2048)  # 1 vCPU, 2 GB
RATES = Rates(provisioned_gb_hour=0.01, active_vcpu_hour=0.1, active_gb_hour=0.02, build_minute=0.005)


def test_instance_time_is_what_the_lives_add_up_to() -> None:
    part = instances_part(InstanceTime("web", FACTS), DURATION_S)
    # Launched at 0, 35 and 35 s, stopped at the end, at 60 and at 95 s.
    assert part.provisioned_s == pytest.approx(120 + 25 + 60)
    assert part.provisioned_mean == pytest.approx((120 + 25 + 60) / DURATION_S)
    assert part.provisioned_max == 3
    assert (part.started, part.ready) == (3, 3)
    assert part.ended_before_ready == 0
    # Ready: 2 to 120 s, 40 to 60 s and 42 to 90 s.
    assert part.ready_mean * DURATION_S == pytest.approx(118 + 20 + 48)
    assert part.ready_max == 3


def test_an_instance_that_ends_while_it_starts_was_never_ready() -> None:
    events: tuple[Event, ...] = (moved(1.0, 1, S.PROVISIONING, S.STARTING), moved(5.0, 1, S.STARTING, S.STOPPED))
    part = instances_part(InstanceTime("web", events), 10.0)
    assert (part.started, part.ready, part.ended_before_ready, part.ready_max) == (1, 0, 1, 0)
    assert part.provisioned_s == pytest.approx(4.0)


def test_money_is_counted_by_the_published_rules() -> None:
    """An hour provisioned, half of it active: the active memory replaces the provisioned one."""
    usage = InstanceUsage(3600.0, [(0.0, 1800.0)], SIZE)
    part = cost_part([usage], "us-east-1", RATES, 3600.0, 1000, automatic_deployments=True, build_minutes=4)
    instances = 0.5 * 2 * 0.01 + 0.5 * 1 * 0.1 + 0.5 * 2 * 0.02
    assert part.run.usd == pytest.approx(instances + 4 * 0.005)
    assert part.usd_per_million_served == pytest.approx(part.run.usd * 1000)
    # A month has 730 such hours and the flat charge of automatic deployments, but not the builds of the run.
    assert part.month.usd == pytest.approx(730 * instances + RATES.deployments_month)
    assert sum(line.usd for line in part.month.lines) == pytest.approx(part.month.usd)
    assert part.month_rests_on.startswith("730 hours")


def test_a_minimum_is_in_the_run_and_not_multiplied_into_the_month() -> None:
    """Active for 10 s at the end of a run of 100 s: charged as 60 s; the month is 730 hours of what was seen."""
    usage = InstanceUsage(100.0, [(90.0, 100.0)], SIZE)
    part = cost_part([usage], "us-east-1", RATES, 100.0, 0, automatic_deployments=False, build_minutes=0)
    vcpu = [line for line in part.run.lines if "vCPU" in line.item or "vCPU" in line.unit]
    assert sum(line.usd for line in vcpu) == pytest.approx(60 / 3600 * 0.1)
    month = [line for line in part.month.lines if "vCPU" in line.item or "vCPU" in line.unit]
    assert sum(line.usd for line in month) == pytest.approx(730 * 10 / 100 * 0.1)
    assert part.usd_per_million_served is None


def test_rates_of_the_region_are_taken_unless_the_service_has_its_own() -> None:
    usage = InstanceUsage(3600.0, [(0.0, 3600.0)], SIZE)
    listed, own = (
        cost_part([usage], "us-east-1", rates, 3600.0, 1, automatic_deployments=False, build_minutes=0)
        for rates in (None, RATES)
    )
    assert listed.run.usd == pytest.approx(0.064 + 2 * 0.007)  # the price list of us-east-1
    assert not listed.estimated
    assert own.prices != listed.prices
    assert own.run.usd == pytest.approx(0.1 + 2 * 0.02)


def test_a_decision_says_when_its_instances_were_ready() -> None:
    first, second = decided(30.0, 1, 3), decided(90.0, 3, 1)
    other = decided(40.0, 1, 2, service="other")
    raises = [ScaleOut(first, 12.0, fulfilled=True)]
    parts = decision_parts("web", [first, other, second], raises)
    assert [(part.at_s, part.before, part.desired) for part in parts] == [(30.0, 1, 3), (90.0, 3, 1)]
    assert [part.ready_after_s for part in parts] == [12.0, None]
    assert parts[0].clamps == ["max_size 3"]
    assert parts[0].inputs == {"in_flight": 20.0, "target": 7.0}


def test_an_input_that_is_no_number_is_null_in_json() -> None:
    event = decided(30.0, 1, 2)._replace(inputs=(("rate", math.nan), ("most", math.inf), ("target", 0.7)))
    (part,) = decision_parts("web", [event], [])
    assert part.inputs == {"rate": None, "most": None, "target": 0.7}
    (look,) = look_parts([(5.0, Decision(2, "f", "r", (("rate", math.inf),), ("max_size 2",)))])
    assert (look.at_s, look.desired, look.inputs, look.clamps) == (5.0, 2, {"rate": None}, ["max_size 2"])


def test_the_desired_count_is_min_size_before_the_first_decision() -> None:
    events: list[Event] = [decided(30.0, 1, 3), decided(90.0, 3, 1), decided(50.0, 2, 9, service="other")]
    steps = desired_steps("web", events, at_start=1)
    assert [steps.at(at_s) for at_s in (0.0, 29.9, 30.0, 89.9, 90.0)] == [1, 1, 3, 3, 1]
    assert desired_steps("web", [], at_start=2).at(50.0) == 2


def test_entries_of_other_services_are_left_out() -> None:
    at_s = RunTime(3.0)
    events: list[Event] = [
        ConfigurationChanged(at_s, "web", 20, 1, 4),
        ConfigurationChanged(at_s, "other", 1, 1, 1),
        EventLogged(at_s, "web", "ours"),
        EventLogged(at_s, "other", "theirs"),
        moved(3.0, 7, S.STARTING, S.ACTIVE),
        moved(3.0, 8, S.STARTING, S.ACTIVE)._replace(service="other"),
    ]
    (configuration,) = configuration_parts("web", events)
    assert (configuration.max_concurrency, configuration.min_size, configuration.max_size) == (20, 1, 4)
    assert [part.line for part in event_parts("web", events)] == ["ours"]
    (instance,) = instance_event_parts("web", events)
    assert (instance.instance, instance.before, instance.after) == (7, "starting", "active")
