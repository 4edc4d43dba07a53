"""Makes the result of a tuning from what was played."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

import simulator
from simulator.lab.compare.comparison import EstimatePart
from simulator.lab.frontier import frontier
from simulator.lab.statistics import Estimate, estimate, paired
from simulator.lab.tune.around_choice import Around, Price, nearest
from simulator.lab.tune.days import Day, day_text
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.play_setting import DayFigures
from simulator.lab.tune.played import PlayedSettings, held
from simulator.lab.tune.result import (
    TUNE_VERSION,
    AdversePart,
    DifferencePart,
    GuaranteePart,
    KnobPart,
    KnobValuePart,
    PlayedPart,
    SettingPart,
    SloPricePart,
    SloValuePart,
    TuneResult,
)
from simulator.lab.tune.search.choice import Chosen
from simulator.lab.tune.slo import excesses, holds
from simulator.lab.tune.words import answer_text, failing_text, guarantee_text, notes_of
from simulator.report.report import unit_of
from simulator.scenario.check_expression import CheckExpression
from simulator.scenario.check_metrics import Dimension

_LATENCY_STEP_S = 0.01


class Outcome(NamedTuple):
    """What a tuning has played. `own`: the scenario's own setting, if the space has it."""

    played: PlayedSettings
    chosen: Chosen
    around: Around | None
    own: int | None
    seconds: float
    backend: str


def assembled(plan: TunePlan, outcome: Outcome) -> TuneResult:
    """Return the result. Days that judge are counted only for the settings that they judged."""
    played, chosen, around = outcome.played, outcome.chosen, outcome.around
    place = chosen.place
    choice = None if place is None else _setting(plan, played, place)
    near = None
    if place is None:
        near = _setting(plan, played, nearest(played) if around is None else around.place)
    second = _runner_up(played, chosen)
    guarantee = GuaranteePart(
        text=guarantee_text(plan, played, chosen),
        indifference=plan.indifference,
        confidence=plan.confidence,
        days_share=chosen.share,
        days_judged=chosen.judged,
        settings=len(plan.space.settings),
        settings_played=len(played.places),
        settings_compared=len(chosen.compared),
    )
    today = None if outcome.own is None or outcome.own not in played.places else _setting(plan, played, outcome.own)
    adverse = [] if around is None else _adverse(plan, played, around, around.place)
    difference = None if second is None or place is None else _difference(played, place, second)
    runner_up = None if second is None else _setting(plan, played, second)
    training, judging = played.training, plan.days.judging[: chosen.judged]
    return TuneResult(
        tune_version=TUNE_VERSION,
        simulator=simulator.__version__,
        scenario=plan.scenarios[0].name,
        file=plan.scenarios[0].file,
        files=[str(file) for file in plan.files],
        slo=plan.slo.texts,
        objective=plan.objective.name,
        objective_unit=unit_of(plan.objective.check),
        answer=answer_text(plan, choice, near, today, chosen),
        choice=choice,
        nearest=near,
        runner_up=runner_up,
        difference=difference,
        today=today,
        guarantee=guarantee,
        front=_front(plan, played),
        prices=[] if around is None or place is None else _prices(played, around.prices, place),
        knobs=[] if around is None else _knobs(plan, played, around, around.place),
        failing_neighbours=[] if around is None else _failing_neighbours(plan, played, around),
        adverse=adverse,
        played=PlayedPart(
            runs=played.runs,
            exhaustive_runs=len(plan.space.settings) * max(chosen.days, played.base),
            seconds=outcome.seconds,
            backend=outcome.backend,
            training_days=[_day(plan, day) for day in training[: max(chosen.days, played.base)]],
            judging_days=[_day(plan, day) for day in judging],
        ),
        notes=notes_of(plan, played, chosen, choice, adverse),
    )


def _day(plan: TunePlan, day: Day) -> str:
    return day_text(day, [*plan.files, *plan.judge])


def _setting(plan: TunePlan, played: PlayedSettings, place: int) -> SettingPart:
    setting = played.space.settings[place]
    changes, text = played.space.changes(setting), played.space.text(setting)
    return setting_part(plan, changes, text, played.figures(place), played.figures(place, plan.days.judging))


def setting_part(
    plan: TunePlan,
    changes: Mapping[str, Any],
    text: str,
    figures: Sequence[DayFigures],
    judging: Sequence[DayFigures],
) -> SettingPart:
    """Return a setting with its figures of some days. `judging`: those of the days that judge it."""
    return SettingPart(
        changes=dict(changes),
        text=text,
        objective=estimate_part(estimate([each.objective for each in figures])),
        month_usd=fmean(each.month_usd for each in figures),
        latency_p95_s=mean_of([each.latency_p95_s for each in figures]),
        error_rate=mean_of([each.error_rate for each in figures]),
        slo=slo_values(plan, figures),
        days=len(figures),
        holds=all(held(plan.slo, each) for each in (*figures, *judging)),
        judged_days=len(judging),
        judged_days_held=sum(held(plan.slo, each) for each in judging),
    )


def slo_values(plan: TunePlan, figures: Sequence[DayFigures]) -> list[SloValuePart]:
    return [_slo_value(part, [each.slo[number] for each in figures]) for number, part in enumerate(plan.slo.parts)]


def _slo_value(part: CheckExpression, values: Sequence[float | None]) -> SloValuePart:
    known = [value for value in values if value is not None]
    rising = part.operator.value.startswith("<") and part.share is None
    return SloValuePart(
        text=part.text,
        metric=part.metric,
        unit=unit_of(part),
        limit=part.limit if part.share is None else part.share,
        mean=mean_of(values),
        worst=None if not known else max(known) if rising else min(known),
        days_held=sum(holds(part, value) for value in values),
    )


def _runner_up(played: PlayedSettings, chosen: Chosen) -> int | None:
    """Return the best other setting of the selection, or else of those that hold."""
    if chosen.place is None:
        return None
    holding = set(played.passing()) - {chosen.place}
    compared = [place for place in chosen.compared if place in holding]
    return min(compared or holding, key=played.objective, default=None)


def _difference(played: PlayedSettings, place: int, other: int) -> DifferencePart:
    days = min(played.days(place), played.days(other))
    ours, theirs = played.costs(place, days), played.costs(other, days)
    found = paired(theirs.tolist(), ours.tolist())
    assert found is not None, "both were played on the base days"
    return DifferencePart(mean=found.mean, low=found.low, high=found.high, ratio=found.mean / (ours.mean() or 1.0))


def _front(plan: TunePlan, played: PlayedSettings) -> list[SettingPart]:
    """Return the settings that no other beats in cost and in p95, if the parts of the SLO about other figures hold."""
    spreads = played.spreads()
    others = [number for number, part in enumerate(plan.slo.parts) if part.dimension is not Dimension.SECONDS]
    points, passing = [], []
    for place in played.places:
        figures = played.figures(place)[: played.base]
        latency_s = mean_of([each.latency_p95_s for each in figures])
        points.append((played.objective(place), math.inf if latency_s is None else latency_s))
        passing.append(latency_s is not None and bool((played.margins(place, spreads)[others] <= 0).all()))
    return [_setting(plan, played, played.places[index]) for index in frontier(points, passing)]


def _prices(played: PlayedSettings, prices: Sequence[Price], place: int) -> list[SloPricePart]:
    own_usd = _month_usd(played, place)
    found = []
    for price in prices:
        if price.place is None:
            continue
        usd, setting = _month_usd(played, price.place), played.space.settings[price.place]
        if price.part.dimension is Dimension.SECONDS:
            steps, step = (price.part.limit - price.other.limit) / _LATENCY_STEP_S, "10 ms"
        else:
            steps, step = math.log10(price.part.limit / price.other.limit), "nine"
        found.append(
            SloPricePart(
                text=price.other.text,
                limit=price.other.limit,
                month_usd=usd,
                usd_more=usd - own_usd,
                usd_per_step=(usd - own_usd) / steps,
                step=step,
                setting=played.space.text(setting),
                changes=played.space.changes(setting),
            )
        )
    return found


def _month_usd(played: PlayedSettings, place: int) -> float:
    """Return the cost per month on the base days, on which every setting was played."""
    return fmean(each.month_usd for each in played.figures(place)[: played.base])


def _knobs(plan: TunePlan, played: PlayedSettings, around: Around, place: int) -> list[KnobPart]:
    weights = [_weight(plan, played, place, line) for line in around.lines]
    total = sum(weights) or 1.0
    parts = [
        KnobPart(
            name=knob.name,
            label=knob.label,
            values=[knob.text(position) for position in range(len(knob.values))],
            chosen=knob.text(played.space.settings[place][number]),
            played=[_knob_value(plan, played, place, other, number) for other in line if other in played.places],
            weight=weights[number] / total,
        )
        for number, (knob, line) in enumerate(zip(played.space.knobs, around.lines, strict=True))
    ]
    return sorted(parts, key=lambda part: -part.weight)


def _weight(plan: TunePlan, played: PlayedSettings, place: int, line: Sequence[int]) -> float:
    """Return the mean change of the objective and of the worst part of the SLO over the values of a knob."""

    def position(of: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        worst = fmean(max(excesses(plan.slo, each.slo)) for each in played.figures(of)[: played.base])
        return np.array([math.log(max(played.objective(of), 1e-12)), max(worst, -0.1)])

    own = position(place)
    changes = [float(np.abs(position(other) - own).sum()) for other in line if other in played.places]
    return fmean(changes) if changes else 0.0


def _knob_value(plan: TunePlan, played: PlayedSettings, place: int, other: int, number: int) -> KnobValuePart:
    days = min(played.days(place), played.days(other))
    shown = [*played.figures(other), *played.figures(other, plan.days.judging)]
    ours, theirs = ([each.month_usd for each in played.figures(each_place)[:days]] for each_place in (place, other))
    return KnobValuePart(
        value=played.space.knobs[number].text(played.space.settings[other][number]),
        month_usd=fmean(theirs),
        usd_more=estimate_part(paired(theirs, ours)),
        holds=all(held(plan.slo, each) for each in shown),
        fails=failing_text(plan.slo, shown),
    )


def _failing_neighbours(plan: TunePlan, played: PlayedSettings, around: Around) -> list[str]:
    return [
        f"{played.space.text(played.space.settings[place])}: {failing}"
        for place in sorted(around.neighbours & set(played.places))
        if (failing := failing_text(plan.slo, [*played.figures(place), *played.figures(place, plan.days.judging)]))
    ]


def _adverse(plan: TunePlan, played: PlayedSettings, around: Around, place: int) -> list[AdversePart]:
    parts = []
    for condition, days in around.adverse.items():
        figures = played.figures(place, days)
        days_held = sum(held(plan.slo, each) for each in figures)
        parts.append(
            AdversePart(
                name=condition.value,
                text=condition.text,
                required=condition in plan.required,
                holds=days_held == len(figures),
                days=len(figures),
                days_held=days_held,
                slo=slo_values(plan, figures),
                month_usd=fmean(each.month_usd for each in figures),
            )
        )
    return parts


def estimate_part(found: Estimate | None) -> EstimatePart:
    assert found is not None, "every setting was played"
    return EstimatePart(mean=found.mean, low=found.low, high=found.high)


def mean_of(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
