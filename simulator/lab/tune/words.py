"""The sentences of a tuning: its answer, its guarantee, and what the reader must know about them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Final

from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.play_setting import DayFigures
from simulator.lab.tune.played import PlayedSettings
from simulator.lab.tune.result import AdversePart, SettingPart, SloValuePart
from simulator.lab.tune.search.choice import Chosen
from simulator.lab.tune.slo import Slo, holds
from simulator.model.text.quantities import quantity_text, usd_text
from simulator.report.report import unit_of
from simulator.report.services import month_basis

# Values at which App Runner itself ends: a wider range is not possible.
_LIMITS: Final = {"max_concurrency": (1, 200), "min_size": (0, 1, 25), "max_size": (1,)}


def answer_text(
    plan: TunePlan, choice: SettingPart | None, near: SettingPart | None, today: SettingPart | None, chosen: Chosen
) -> str:
    """Return the result in one or two sentences."""
    slo = ", ".join(plan.slo.texts)
    if choice is None:
        assert near is not None, "without a choice there is a nearest"
        why = _failing_values(near.slo, near.days) or "it failed on a day that judges"
        until = "No setting that was played holds" if chosen.exhausted else "No setting holds"
        return f"{until} {slo}. {near.text} comes nearest: {why}."
    text = f"{choice.text} holds {slo} for {_objective_text(plan, choice.objective.mean)}"
    if today is None:
        return f"{text}."
    if today.changes == choice.changes:
        return f"{text}: today's setting is the best."
    more = choice.objective.mean - today.objective.mean
    share = f" ({abs(more) / today.objective.mean:.0%})".replace("%", " %") if today.objective.mean else ""
    beside = f"{quantity_text(abs(more), unit_of(plan.objective.check))}{share} {'less' if more < 0 else 'more'} than"
    fails = "" if today.holds else f", which does not hold it: {_failing_values(today.slo, today.days)}"
    return f"{text}, {beside} today's {today.text}{fails}."


def _objective_text(plan: TunePlan, value: float) -> str:
    if plan.objective.is_month:
        return f"{usd_text(value)} a month"
    return f"{plan.objective.name} {quantity_text(value, unit_of(plan.objective.check))}"


def guarantee_text(plan: TunePlan, played: PlayedSettings, chosen: Chosen) -> str:
    """Return what is certain, and by which procedure."""
    if chosen.place is None:
        return (
            f"{len(played.places)} of {len(plan.space.settings)} settings were played; the others are predicted to fail"
            " or were not reached"
        )
    share, better = f"{plan.confidence:.0%}".replace("%", " %"), f"{plan.indifference:.0%}".replace("%", " %")
    held = (
        f"the SLO held on all of {chosen.judged} days that it was not chosen on, so with {share} confidence it holds on"
        f" at least {chosen.share:.0%} of such days".replace("%", " %").replace("  %", " %")
    )
    if not chosen.finished:
        best = (
            f"the {len(chosen.compared)} best settings were compared on {chosen.days} days, too few to tell them apart"
        )
    elif len(chosen.compared) == 1:
        best = f"none of the {len(played.places)} settings played comes within the variation of its cost"
    else:
        best = (
            f"best within {better} with at least {share} confidence among the settings played (KN on"
            f" {len(chosen.compared)} settings, {chosen.days} days)"
        )
    rest = len(plan.space.settings) - len(played.tried)
    others = f"; the other {rest:,} settings are predicted to be no better" if rest else ""
    return f"{best[0].upper()}{best[1:]}{others}; {held}"


def failing_text(slo: Slo, figures: Sequence[DayFigures]) -> str:
    """Return the parts that failed on a day, with the mean of their values; empty if all held."""
    failing = []
    for number, part in enumerate(slo.parts):
        values = [each.slo[number] for each in figures]
        bad = sum(not holds(part, value) for value in values)
        if bad:
            known = [value for value in values if value is not None]
            mean = quantity_text(fmean(known), unit_of(part)) if known else "nothing to measure"
            name = part.text[: part.text.index(part.operator)].strip()
            days = "" if bad == len(figures) else f" (fails on {bad} of {len(figures)} days)"
            failing.append(f"{name} {mean}{days}")
    return ", ".join(failing)


def _failing_values(values: Sequence[SloValuePart], days: int) -> str:
    return ", ".join(
        f"{value.text.split()[0]} {quantity_text(value.worst, value.unit)} on its worst day"
        for value in values
        if value.days_held < days
    )


def notes_of(
    plan: TunePlan, played: PlayedSettings, chosen: Chosen, choice: SettingPart | None, adverse: Sequence[AdversePart]
) -> list[str]:
    """Return what the reader must know beside the answer."""
    notes = []
    if plan.slo.added is not None:
        notes.append(
            f"{plan.slo.added.text} was added: without a limit of lost requests, the cheapest setting rejects most"
        )
    for place, day in chosen.refuted.items():
        setting = played.space.text(played.space.settings[place])
        notes.append(f"{setting} was better on the days that choose, but failed on one that judges (seed {day.seed})")
    for part in adverse:
        if not part.holds and choice is not None:
            values = ", ".join(f"{value.text.split()[0]} {quantity_text(value.mean, value.unit)}" for value in part.slo)
            notes.append(f"with {part.text} it holds on {part.days_held} of {part.days} days ({values})")
    at_edge = _edges(plan, played, chosen)
    if chosen.ties:
        count = len(chosen.ties)
        other = played.space.text(played.space.settings[chosen.ties[0]])
        notes.append(
            f"{count} other setting{'s' * (count != 1)} that {'was' if count == 1 else 'were'} compared "
            f"cost{'s' * (count == 1)} the same, such as {other}"
        )
    if at_edge:
        notes.append(f"{at_edge} is at the end of its range: a wider range may have a better setting")
    for error, count in list(played.errors.items())[:3]:
        notes.append(f"{count} setting{'s' * (count != 1)} cannot be played: {error}")
    if chosen.exhausted:
        notes.append(f"the limit of {plan.runs} runs was reached: --runs allows more")
    notes.append(f"USD a month: {month_basis(plan.scenarios[0].duration_s)}")
    return notes


def _edges(plan: TunePlan, played: PlayedSettings, chosen: Chosen) -> str:
    """Return the values of the choice at the end of a range that could be wider, if the knob has an effect."""
    if chosen.place is None:
        return ""
    setting, found = plan.space.settings[chosen.place], []
    for number, knob in enumerate(plan.space.knobs):
        at = setting[number]
        if not knob.is_ordered or knob.is_size or len(knob.values) < 3 or at not in {0, len(knob.values) - 1}:
            continue
        beside = (*setting[:number], at + 1 if at == 0 else at - 1, *setting[number + 1 :])
        place = plan.space.places.get(beside)
        is_limit = knob.values[at] in _LIMITS.get(knob.name.rpartition(".")[2], ())
        if not is_limit and place in played.places and place not in chosen.ties:
            found.append(f"{knob.label} {knob.text(at)}")
    return ", ".join(found)
