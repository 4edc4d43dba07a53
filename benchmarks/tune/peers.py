"""Optuna's TPE and random search on the same settings, with as many runs, each trial on as many days as in the tuning.

Both choose the cheapest setting that held the SLO on each of its days, and claim that it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import optuna

from benchmarks.tune.enumeration import cost
from benchmarks.tune.outcomes import Outcomes
from simulator.lab.tune.played import held
from simulator.lab.tune.slo import excesses
from simulator.world.random_streams import RandomStreams

DAYS: Final = 2
_IMPOSSIBLE: Final = 1e9


def by_tpe(outcomes: Outcomes, runs: int, seeds: Sequence[int], number: int) -> int | None:
    """Return the choice of Optuna's TPE with its treatment of constraints; None if no trial held."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space, best = outcomes.plan.space, _Best()

    def objective(trial: Any) -> float:
        setting = tuple(
            trial.suggest_int(knob.name, 0, len(knob.values) - 1)
            if knob.is_ordered
            else trial.suggest_categorical(knob.name, list(range(len(knob.values))))
            for knob in space.knobs
        )
        if setting not in space.places:
            trial.set_constraint("possible", 1.0)
            return _IMPOSSIBLE
        (days,) = outcomes.of([space.places[setting]], seeds[:DAYS])
        for place, part in enumerate(zip(*(excesses(outcomes.plan.slo, day.slo) for day in days), strict=True)):
            trial.set_constraint(outcomes.plan.slo.texts[place], max(part))
        best.note(space.places[setting], cost(days), all(held(outcomes.plan.slo, day) for day in days))
        return cost(days)

    sampler = optuna.samplers.TPESampler(seed=number)
    optuna.create_study(sampler=sampler).optimize(objective, n_trials=runs // DAYS)
    return best.place


def by_chance(outcomes: Outcomes, runs: int, seeds: Sequence[int], number: int) -> int | None:
    """Return the choice of random search; None if no setting held."""
    rng, best = RandomStreams(number).stream("random search"), _Best()
    count = len(outcomes.plan.space.settings)
    places = rng.choice(count, min(count, runs // DAYS), replace=False).tolist()
    for place, days in zip(places, outcomes.of(places, seeds[:DAYS]), strict=True):
        best.note(place, cost(days), all(held(outcomes.plan.slo, day) for day in days))
    return best.place


class _Best:
    """The cheapest setting so far that held."""

    def __init__(self) -> None:
        self.place: int | None = None
        self._cost = float("inf")

    def note(self, place: int, usd: float, is_held: bool) -> None:
        if is_held and usd < self._cost:
            self.place, self._cost = place, usd
