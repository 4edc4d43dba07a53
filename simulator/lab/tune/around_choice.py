"""Looks around the choice: its neighbours, the values of each knob, adverse days, and the price of the SLO."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from simulator.lab.tune.days import ADVERSE, JUDGING_SEEDS, Condition, Day, is_possible
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.played import PlayedSettings
from simulator.lab.tune.search.choice import Chosen
from simulator.lab.tune.search.exploration import Exploration
from simulator.lab.tune.slo import Slo, with_limit
from simulator.scenario.check_expression import CheckExpression
from simulator.scenario.check_metrics import Dimension

_ADVERSE_DAYS: Final = 5
_LINE_MAX: Final = 5  # values of a knob that are played, beside that of the choice
# Other limits of a part, as factors: a latency a little stricter and looser, a ratio by one nine.
_LATENCY_FACTORS: Final = (0.7, 0.85, 1.2)
_RATIO_FACTORS: Final = (0.1, 10.0)
# Runs that look for the cheapest setting with another limit.
_PRICE_ROUNDS: Final = 3

OnPhase = Callable[[str], None]


class Price(NamedTuple):
    """The cheapest setting that was played for another limit of a part. `place` None: none holds it."""

    part: CheckExpression
    other: CheckExpression
    place: int | None


@dataclass(slots=True)
class Around:
    """What was played around `place`: the choice, or the nearest setting.

    `lines`: by knob, the settings with other values of it, the nearest first.
    """

    place: int
    lines: list[list[int]] = field(default_factory=list)
    neighbours: set[int] = field(default_factory=set)
    adverse: dict[Condition, list[Day]] = field(default_factory=dict)
    prices: list[Price] = field(default_factory=list)


def nearest(played: PlayedSettings) -> int:
    """Return the setting that comes nearest to the SLO: the smallest excess of its worst part, then the cheapest."""
    spreads = played.spreads()

    def rank(place: int) -> tuple[float, float]:
        return round(float(played.margins(place, spreads).max()), 2), played.objective(place)

    return min(played.places, key=rank)


def look_around(
    plan: TunePlan, played: PlayedSettings, exploration: Exploration, chosen: Chosen, on_phase: OnPhase
) -> Around:
    """Play what the result says about the choice, or about the nearest setting if none holds."""
    place = nearest(played) if chosen.place is None else chosen.place
    around = Around(place)
    on_phase("playing the neighbours of the choice")
    setting = played.space.settings[place]
    beside = [played.space.places[other] for _, other in played.space.neighbours(setting)]
    around.neighbours = set(beside)
    around.lines = [_line(played, place, number) for number in range(len(played.space.knobs))]
    played.play_base(dict.fromkeys([*beside, *(other for line in around.lines for other in line)]))
    on_phase("playing adverse days")
    for condition in ADVERSE:
        if is_possible(plan.scenarios[0], condition):
            files = len(plan.files)
            days = [
                Day(number % files, plan.scenarios[number % files].seed + JUDGING_SEEDS + number // files, condition)
                for number in range(max(_ADVERSE_DAYS, files))
            ]
            played.play([place], days)
            around.adverse[condition] = days
    if chosen.place is not None:
        on_phase("looking for the price of the SLO")
        around.prices = list(_prices(plan.slo, played, exploration))
    return around


def _line(played: PlayedSettings, place: int, number: int) -> list[int]:
    """Return settings with other values of a knob: those beside the choice, and some up to both ends."""
    space = played.space
    setting, count = space.settings[place], len(space.knobs[number].values)
    at = setting[number]
    others = sorted((position for position in range(count) if position != at), key=lambda other: abs(other - at))
    wanted = dict.fromkeys([*others[:2], *(p for p in (0, count - 1) if p != at), *others[2 :: max(1, count // 4)]])
    rows = ((*setting[:number], position, *setting[number + 1 :]) for position in list(wanted)[:_LINE_MAX])
    return [space.places[row] for row in rows if row in space.places]


def _prices(slo: Slo, played: PlayedSettings, exploration: Exploration) -> list[Price]:
    found = []
    for number, part in enumerate(slo.parts):
        if part is slo.added:
            continue
        for factor in _factors(part):
            other = with_limit(part, part.limit * factor)
            parts = (*slo.parts[:number], other, *slo.parts[number + 1 :])
            changed = Slo(parts, slo.added)
            exploration.run(played.runs + _PRICE_ROUNDS * 8 * played.base, changed, _PRICE_ROUNDS)
            found.append(Price(part, other, exploration.best(changed)))
    return found


def _factors(part: CheckExpression) -> Sequence[float]:
    if part.share is not None:
        return ()
    if part.dimension is Dimension.SECONDS:
        return _LATENCY_FACTORS
    return (
        tuple(factor for factor in _RATIO_FACTORS if part.limit * factor < 0.5)
        if part.dimension is Dimension.RATIO
        else ()
    )
