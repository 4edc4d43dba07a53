"""Chooses a setting: explores the space, selects the best of the candidates, and judges it on other days.

If the selected setting fails on a day that judges, the exploration goes on, with that setting known to fail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.lab.tune.days import Day
from simulator.lab.tune.played import PlayedSettings
from simulator.lab.tune.search.exploration import Exploration
from simulator.lab.tune.search.judging import judging_days, proven_share
from simulator.lab.tune.search.selection import FIRST_DAYS, select

Floats = NDArray[np.float64]

CANDIDATES_MAX: Final = 16
# Standard deviations of a difference of means that a candidate may be dearer on the base days.
_SLACK: Final = 3.0
# So many settings are judged at most, with ever more days.
_ATTEMPTS_MAX: Final = 8
# After a setting failed on a day that judges, days differ more than it seemed.
_MARGIN_STEP: Final = 0.3
_MARGIN_LEAST: Final = 0.5
_JUDGED_TOGETHER: Final = 8  # days; the first failure ends it
# Costs that differ by less on every day are the same: MaxSize, for example, costs nothing if it is never reached.
_TIE: Final = 1e-3
# Of settings that cost the same, one is preferred that is 30 % below the limit of each part of the SLO.
_ROOM: Final = 0.3

OnPhase = Callable[[str], None]


class Aims(NamedTuple):
    """What the choice must satisfy: the SLO holds on `share` of the days, and no other is better by `indifference`.

    `runs_max`: how many runs may be played in all.
    """

    indifference: float
    confidence: float
    share: float
    runs_max: int


@dataclass(slots=True)
class Chosen:
    """The outcome. `place`: the chosen setting; None if none holds.

    `compared`: the settings of the last selection, the chosen one included. `days`: how many days they were compared
    on. `finished`: the selection came to its end. `judged`: the days without a failure; `share`: what they prove.
    `ties`: settings that cost the same as the chosen one on every day. `refuted`: the settings that failed on a day
    that judges, with that day. `exhausted`: the runs were used up.
    """

    place: int | None = None
    compared: list[int] = field(default_factory=list)
    days: int = 0
    finished: bool = False
    judged: int = 0
    share: float = 0.0
    refuted: dict[int, Day] = field(default_factory=dict)
    exhausted: bool = False
    ties: list[int] = field(default_factory=list)


def choose(
    played: PlayedSettings,
    exploration: Exploration,
    judging: Sequence[Day],
    aims: Aims,
    own: int | None,
    on_phase: OnPhase,
) -> Chosen:
    """Explore, select and judge until a setting passes, none is left, or the runs are used up.

    `own`: the scenario's own setting. It decides between settings that cost the same.
    """
    chosen = Chosen()
    while len(chosen.refuted) < _ATTEMPTS_MAX:
        on_phase("exploring")
        exploration.run(aims.runs_max)
        candidates = _candidates(played, aims)
        if not candidates:
            if played.days_margin <= _MARGIN_LEAST or not played.always_held():
                break
            played.days_margin = _MARGIN_LEAST  # no setting holds with room: judge those that held at all
            continue
        on_phase("comparing the best")
        played.play(candidates, played.training[:FIRST_DAYS])
        lasting = _candidates(played, aims)
        if set(lasting) - set(candidates) and played.runs < aims.runs_max:
            continue  # a candidate failed on a further day, so dearer ones are candidates now
        if not lasting:
            continue
        place, chosen.days, chosen.finished = _selected(played, lasting, aims)
        chosen.compared = lasting
        chosen.ties = _ties(played, place, lasting)
        place = min([place, *chosen.ties], key=partial(_change, played, own, place))
        chosen.ties = [other for other in (*chosen.ties, place) if other != place]
        if played.held(place) < played.days(place):
            continue  # it failed on a day of the selection
        on_phase("judging the choice on other days")
        attempt = len(chosen.refuted)
        count = min(judging_days(attempt, aims.share, aims.confidence), len(judging))
        failed = _failed_day(played, place, judging[:count])
        if failed is None:
            chosen.place, chosen.judged = place, count
            chosen.share = proven_share(count, attempt, aims.confidence)
            break
        chosen.refuted[place] = failed
        played.days_margin += _MARGIN_STEP
    chosen.exhausted = played.runs >= aims.runs_max
    return chosen


def _candidates(played: PlayedSettings, aims: Aims) -> list[int]:
    """Return the settings that hold and may be the best, the cheapest first."""
    passing = sorted(played.passing(), key=played.objective)
    if not passing:
        return []
    limit = played.objective(passing[0]) * (1 + aims.indifference + _SLACK * _relative_error(played))
    return [place for place in passing if played.objective(place) <= limit][:CANDIDATES_MAX]


def _relative_error(played: PlayedSettings) -> float:
    """Return the standard deviation of the ratio of two settings' means over the base days."""
    costs = np.array([played.costs(place, played.base) for place in played.places])
    if played.base < 2 or len(costs) < 2:
        return 0.02
    logs = np.log(np.maximum(costs, 1e-12))
    rest = logs - logs.mean(axis=1, keepdims=True) - logs.mean(axis=0, keepdims=True) + logs.mean()
    # The middle half of the settings: few of them have chaotic costs.
    spread = float(np.median(rest.std(axis=1, ddof=1)))
    return spread * float(np.sqrt(2 / played.base))


def _selected(played: PlayedSettings, places: Sequence[int], aims: Aims) -> tuple[int, int, bool]:
    def costs_of(some: Sequence[int], days: int) -> Floats:
        played.play(some, played.training[:days])
        return np.array([played.costs(place, days) for place in some])

    return select(places, costs_of, len(played.training), aims.indifference, aims.confidence)


def _ties(played: PlayedSettings, place: int, others: Sequence[int]) -> list[int]:
    """Return the other settings that hold and cost the same on every day."""
    found = []
    for other in others:
        days = min(played.days(place), played.days(other))
        ours, theirs = played.costs(place, days), played.costs(other, days)
        is_same = bool((np.abs(theirs - ours) <= _TIE * np.abs(ours)).all())
        if other != place and is_same and played.held(other) == played.days(other):
            found.append(other)
    return found


def _change(played: PlayedSettings, own: int | None, best: int, place: int) -> tuple[bool, int, float, bool]:
    """Return the rank of a setting among those that cost the same, the smallest is chosen: one that holds with room,
    and then the one nearest to the scenario's own, by the knobs that change and by the number of steps.
    """
    margin = float(played.margins(place, played.spreads()).max())
    if own is None:
        return margin > -_ROOM, 0, margin, place != best
    settings = played.space.settings
    steps = [abs(a - b) for a, b in zip(settings[own], settings[place], strict=True)]
    return margin > -_ROOM, sum(step > 0 for step in steps), float(sum(steps)), place != best


def _failed_day(played: PlayedSettings, place: int, days: Sequence[Day]) -> Day | None:
    """Play a setting on the days that judge until it fails on one. Return that day."""
    for first in range(0, len(days), _JUDGED_TOGETHER):
        some = days[first : first + _JUDGED_TOGETHER]
        played.play([place], some)
        for day in some:
            if not played.held(place, [day]):
                return day
    return None
