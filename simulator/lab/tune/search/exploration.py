"""Explores the space: decides which settings are worth playing.

A surrogate (surrogate.py) for the objective and one for each part of the SLO are fitted to what was played. The next
settings are those whose expected improvement on the cheapest setting that holds, times the probability of holding the
SLO, is largest (constrained expected improvement: M. Schonlau, W. J. Welch and D. R. Jones, "Global versus local search
in constrained optimization of computer models", IMS Lecture Notes 34, 1998). As long as no setting holds, it is the
probability of coming nearer to the SLO than any before. A batch is chosen one by one, each as if the former had been
played.

The exploration ends if all neighbours of the cheapest setting that holds were played, or are predicted to be no better,
and no setting promises an improvement that matters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.lab.tune.played import PlayedSettings
from simulator.lab.tune.search.surrogate import Surrogate, SurrogatePrediction
from simulator.lab.tune.slo import EXCESS_MAX, Slo
from simulator.world.random_streams import RandomStreams

Floats = NDArray[np.float64]

# Settings of the first design: enough for a length of each knob, and a share of the space if it is large.
_DESIGN_MIN: Final = 16
_DESIGN_PER_KNOB: Final = 8
# Expected improvement relative to the cost from which on a setting is played.
_PROMISE_MIN: Final = 1e-3
# As long as no setting holds: the least probability of coming nearer to the SLO that is worth a run.
_NEARER_MIN: Final = 0.01
# The exploration ends after so many batches in which no setting came nearer or was cheaper by so much.
_IDLE_MAX: Final = 5
_NEARER: Final = 0.01
_CHEAPER: Final = 0.002
# Candidates predicted at a time; of a larger space a sample, with all neighbours of the best setting.
_CANDIDATES_MAX: Final = 20_000
# A neighbour is played if its probability of being better and holding is at least this.
_NEIGHBOUR_MIN: Final = 0.02
_erf: Final[Callable[[Floats], Floats]] = np.vectorize(math.erf, otypes=[np.float64])


class Exploration:
    """The exploration of a space. `slo` may be another than that of the tuning, for the price of the SLO."""

    def __init__(self, played: PlayedSettings, streams: RandomStreams, batch: int) -> None:
        self._played, self._batch = played, batch
        self._rng = streams.stream("tune", "exploration")
        columns = played.space.columns
        self._cost = Surrogate(columns)
        self._parts = [Surrogate(columns) for _ in played.slo.parts]

    def begin(self, own: Sequence[int]) -> None:
        """Play a first design: the given settings, and a Latin hypercube of the positions."""
        self._played.play_base([*own, *self._design()])

    def best(self, slo: Slo | None = None) -> int | None:
        """Return the cheapest setting that holds with a margin on the days played."""
        return min(self._played.passing(slo), key=self._played.objective, default=None)

    def run(self, runs_max: int, slo: Slo | None = None, rounds: int = 1000) -> None:
        """Play batches until none promises an improvement, or as many runs as `runs_max` were played."""
        played, idle, before = self._played, 0, self._standing(slo)
        for _ in range(rounds):
            left = (runs_max - played.runs) // played.base
            chosen = self._next(min(self._batch, left), slo) if left > 0 else []
            if not chosen or idle == _IDLE_MAX:
                return
            played.play_base(chosen)
            now = self._standing(slo)
            is_better = now[0] < before[0] - _NEARER or now[1] < before[1] * (1 - _CHEAPER)
            idle, before = (0, now) if is_better else (idle + 1, before)

    def lengths(self) -> list[tuple[float, ...]]:
        """Return the lengths of the knobs of each surrogate: the objective first, then the parts of the SLO."""
        return [self._cost.lengths, *(part.lengths for part in self._parts)]

    def _standing(self, slo: Slo | None) -> tuple[float, float]:
        """Return how far the nearest setting is from the SLO (0: one holds), and the least cost of those that hold."""
        best = self.best(slo)
        if best is None:
            return self._least_excess(slo), math.inf
        return 0.0, self._played.objective(best)

    def _least_excess(self, slo: Slo | None) -> float:
        """Return the least margin of the worst part of the SLO that a setting has: above 0 if none holds."""
        spreads = self._played.spreads()
        margins = (float(self._played.margins(place, spreads, slo).max()) for place in self._played.places)
        return min(margins, default=math.inf)

    def _design(self) -> list[int]:
        space = self._played.space
        count = min(len(space.settings), max(_DESIGN_MIN, _DESIGN_PER_KNOB * len(space.knobs)))
        columns = []
        for knob in space.knobs:
            strata = (self._rng.permutation(count) + self._rng.random(count)) / count
            columns.append((strata * len(knob.values)).astype(int))
        rows = (tuple(map(int, row)) for row in zip(*columns, strict=True))
        found = [space.places[row] for row in rows if row in space.places]
        missing = count - len(set(found))
        return [*found, *self._rng.choice(len(space.settings), missing, replace=False).tolist()]

    def _next(self, count: int, slo: Slo | None) -> list[int]:
        """Return the settings to play next, at most `count`; none if no setting promises anything."""
        played = self._played
        places = played.places
        if not places:
            return []
        self._fit(places, slo)
        best = self.best(slo)
        candidates = self._candidates(best)
        limit = max(0.0, self._least_excess(slo)) if best is None else 0.0
        points = played.space.coordinates[candidates]
        cost, *parts = predictions = [each.prediction(points) for each in (self._cost, *self._parts)]
        chosen: list[int] = []
        while len(chosen) < count and len(candidates):
            promise = self._promise(cost, parts, best, limit)
            top = int(np.argmax(promise))
            if promise[top] < (_PROMISE_MIN if best is not None else _NEARER_MIN):
                break
            chosen.append(int(candidates[top]))
            candidates = np.delete(candidates, top)
            for prediction in predictions:
                prediction.believe(top)
                prediction.without(top)
        return chosen or self._worthy_neighbours(best, count)

    def _fit(self, places: Sequence[int], slo: Slo | None) -> None:
        played, spreads = self._played, self._played.spreads()
        points = played.space.coordinates[list(places)]
        self._cost.fit(points, np.log([max(played.objective(place), 1e-12) for place in places]))
        margins = np.array([played.margins(place, spreads, slo) for place in places])
        margins = np.clip(margins, -EXCESS_MAX, EXCESS_MAX)
        for number, surrogate in enumerate(self._parts):
            surrogate.fit(points, margins[:, number])

    def _candidates(self, best: int | None) -> NDArray[np.int64]:
        space, tried = self._played.space, self._played.tried
        open_ones = np.array([place for place in range(len(space.settings)) if place not in tried], np.int64)
        if len(open_ones) <= _CANDIDATES_MAX:
            return open_ones
        beside = set() if best is None else {space.places[other] for _, other in space.neighbours(space.settings[best])}
        sample = self._rng.choice(open_ones, _CANDIDATES_MAX, replace=False)
        return np.array(sorted({*sample.tolist(), *(beside - tried)}), np.int64)

    def _promise(
        self, cost: SurrogatePrediction, parts: Sequence[SurrogatePrediction], best: int | None, limit: float
    ) -> Floats:
        """Return the expected improvement of each candidate, as a share of the cost.

        As long as no setting holds: the probability that all parts are below `limit`, the least excess so far.
        """
        likely: Floats = np.ones(len(cost.mean))
        for part in parts:
            likely = likely * _below((limit - part.mean) / part.deviation)
        mean, deviation = cost.mean, cost.deviation
        if best is None:
            return np.asarray(likely * np.exp(-0.1 * (mean - mean.min())))  # of equally likely ones the cheaper
        gap = math.log(max(self._played.objective(best), 1e-12)) - mean
        z = gap / deviation
        expected = gap * _below(z) + deviation * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
        return np.asarray(likely * expected, np.float64)

    def _worthy_neighbours(self, best: int | None, count: int) -> list[int]:
        """Return the neighbours of the best setting that may be better and were not tried."""
        if best is None or count <= 0:
            return []
        space = self._played.space
        beside = [space.places[other] for _, other in space.neighbours(space.settings[best])]
        beside = [place for place in beside if place not in self._played.tried]
        if not beside:
            return []
        points = space.coordinates[beside]
        mean, deviation = self._cost.predict(points)
        likely = _below((math.log(self._played.objective(best)) - mean) / deviation)
        for surrogate in self._parts:
            mean, deviation = surrogate.predict(points)
            likely *= _below(-mean / deviation)
        order = np.argsort(-likely)
        return [beside[n] for n in order if likely[n] >= _NEIGHBOUR_MIN][:count]


def _below(z: Floats) -> Floats:
    """Return the standard normal distribution function."""
    return 0.5 * (1 + _erf(z / math.sqrt(2)))
