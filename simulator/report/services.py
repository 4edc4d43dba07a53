"""The parts of the report about a service: instances, cost, decisions and other entries of the journal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from simulator.model.text.quantities import time_text
from simulator.records.events import ConfigurationChanged, Event, EventLogged, InstanceMoved, ScalingDecided
from simulator.records.instance_time import InstanceTime, StepFunction
from simulator.records.scale_out import ScaleOut
from simulator.report.cost.part import BillPart, CostPart, LinePart
from simulator.report.decisions import DecisionPart, LookPart
from simulator.report.schema import (
    ConfigurationPart,
    EventPart,
    InstanceEventPart,
    InstancesPart,
)
from simulator.rules.policies.port import Decision
from simulator.rules.pricing import Bill, InstanceUsage, Rates, bill, metered, per_month
from simulator.rules.region_prices import prices_text, rates_of

_MILLION: Final = 1e6


def instances_part(times: InstanceTime, ended_s: float) -> InstancesPart:
    """Return the part for [0, ended_s]; `ended_s` > 0."""
    provisioned_s, ready_s, active_s = (
        steps.instance_seconds(0, ended_s) for steps in (times.provisioned, times.ready, times.active)
    )
    return InstancesPart(
        provisioned_s=provisioned_s,
        active_s=active_s,
        provisioned_mean=provisioned_s / ended_s,
        provisioned_max=times.provisioned.highest(0, ended_s),
        ready_mean=ready_s / ended_s,
        ready_max=times.ready.highest(0, ended_s),
        active_mean=active_s / ended_s,
        active_max=times.active.highest(0, ended_s),
        started=times.started,
        ready=times.became_ready,
        crashed=times.crashed,
        ended_before_ready=times.ended_before_ready,
    )


def cost_part(
    usages: Sequence[InstanceUsage],
    region: str,
    own: Rates | None,
    ended_s: float,
    served: int,
    *,
    automatic_deployments: bool,
    build_minutes: float,
) -> CostPart:
    """Return the cost. `own`: rates that replace those of the Region.

    Automatic deployments are charged per month, so the cost of the run excludes them; the cost of the month excludes
    builds.
    """
    rates = own or rates_of(region)
    source, estimated = prices_text(region, own)
    run = bill(metered(usages, build_minutes=build_minutes), rates)
    amounts = metered(usages, until_s=ended_s)
    month = bill(per_month(amounts, ended_s, automatic_deployments=automatic_deployments), rates)
    return CostPart(
        region=region,
        prices=source,
        estimated=estimated,
        month_rests_on=month_basis(ended_s),
        run=_bill_part(run),
        month=_bill_part(month),
        usd_per_million_served=run.usd / served * _MILLION if served else None,
    )


def month_basis(ended_s: float) -> str:
    """Return the basis from which a month is extrapolated."""
    return f"730 hours, if every minute were like the {time_text(ended_s)} that were played"


def decision_parts(service: str, events: Iterable[Event], raises: Sequence[ScaleOut]) -> list[DecisionPart]:
    ready_after_s = {raised.decided: raised.delay_s for raised in raises if raised.fulfilled}
    return [
        DecisionPart(
            at_s=event.at_s,
            policy=event.policy,
            before=event.before,
            desired=event.desired,
            formula=event.formula,
            reason=event.reason,
            inputs={name: value if math.isfinite(value) else None for name, value in event.inputs},
            clamps=list(event.clamps),
            ready_after_s=ready_after_s.get(event),
            assumes=event.assumes,
        )
        for event in events
        if isinstance(event, ScalingDecided) and event.service == service
    ]


def look_parts(evaluations: Iterable[tuple[float, Decision]]) -> list[LookPart]:
    return [
        LookPart(
            at_s=at_s,
            desired=decision.desired,
            formula=decision.formula,
            reason=decision.reason,
            inputs={name: value if math.isfinite(value) else None for name, value in decision.inputs},
            clamps=list(decision.clamps),
        )
        for at_s, decision in evaluations
    ]


def desired_steps(service: str, events: Iterable[Event], at_start: int) -> StepFunction:
    """Return the desired number of instances over time, from the decisions.

    `at_start` (MinSize) applies before the first one.
    """
    steps = StepFunction()
    decisions = [event for event in events if isinstance(event, ScalingDecided) and event.service == service]
    steps.change(0.0, decisions[0].before if decisions else at_start)
    for decision in decisions:
        steps.change(decision.at_s, decision.desired - decision.before)
    return steps


def configuration_parts(service: str, events: Iterable[Event]) -> list[ConfigurationPart]:
    return [
        ConfigurationPart(
            at_s=event.at_s,
            max_concurrency=event.max_concurrency,
            min_size=event.min_size,
            max_size=event.max_size,
        )
        for event in events
        if isinstance(event, ConfigurationChanged) and event.service == service
    ]


def instance_event_parts(service: str, events: Iterable[Event]) -> list[InstanceEventPart]:
    return [
        InstanceEventPart(
            at_s=event.at_s,
            instance=event.instance,
            before=event.before.value,
            after=event.after.value,
            why=event.why,
            zone=event.zone,
        )
        for event in events
        if isinstance(event, InstanceMoved) and event.service == service
    ]


def event_parts(service: str, events: Iterable[Event]) -> list[EventPart]:
    return [
        EventPart(at_s=event.at_s, line=event.line)
        for event in events
        if isinstance(event, EventLogged) and event.service == service
    ]


def _bill_part(amounts: Bill) -> BillPart:
    lines = [
        LinePart(item=line.item, quantity=line.quantity, unit=line.unit, rate_usd=line.rate_usd, usd=line.usd)
        for line in amounts.lines
    ]
    return BillPart(lines=lines, usd=amounts.usd)
