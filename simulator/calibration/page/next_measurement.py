"""What to measure next: the load stage that would narrow the predictions most.

The members of a model are what the data leave open. A stage at some rate and size would show other figures for each
member, and other ones by chance. How well these figures tell the members apart is found by regression over the members:
of the predicted latencies at all loads on the figures that the stage would show, in a run with other random numbers.
The share of the variance that is explained, predicted for members that are left out (Allen's PRESS), is the share by
which the measurement is expected to reduce the variance of the predictions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.calibration.model.calibrated_model import CalibratedModel, StartUpStage
from simulator.calibration.page.curves import Advance, LoadCurve, experiment, neighbours, played
from simulator.calibration.prediction.draws import Draw
from simulator.calibration.prediction.prediction import ParameterEffect
from simulator.calibration.prediction.runs import RunFigures
from simulator.calibration.prediction.sensitivity import effects
from simulator.model.sizes import InstanceSize
from simulator.model.text.quantities import rate_text
from simulator.scenario.problems import ScenarioError

Floats = NDArray[np.float64]

# Rates of candidates, as shares of the saturation; at other sizes in proportion to their CPU.
_SHARES: Final = (0.4, 0.8, 1.1)
_SHARES_OF_OTHERS: Final = (0.8, 1.1)
_SEED: Final = 10_000  # other random numbers than those of the curve
_MEMBERS_MIN: Final = 10
_MEMBERS_MAX: Final = 24
# A stage that narrows the intervals by less is not worth its minute.
WORTHWHILE: Final = 0.1
_SHOWN: Final = 3
# A stage at the observed size is preferred to one at another size that narrows the intervals by this much more.
_SAME: Final = 0.05
_RIDGE: Final = 0.05
# Starts are worth repeating if the interval of their median is wider than this share of it.
_START_WIDTH: Final = 0.2
_STARTS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class StageToMeasure:
    """A load stage that could be measured.

    `narrowing`: the share by which the 95 % intervals of the latencies would become narrower, over all loads.
    """

    rate_rps: float
    size: InstanceSize
    duration_s: float
    narrowing: float


@dataclass(frozen=True, slots=True)
class NextMeasurement:
    """What to measure next. `stages`: the best first. `effects`: the parameters that the widest interval comes from, at
    `at_rps`. `sentences`: the same for a reader.
    """

    stages: tuple[StageToMeasure, ...]
    effects: tuple[ParameterEffect, ...]
    at_rps: float | None
    sentences: tuple[str, ...]


def next_measurement(
    model: CalibratedModel, curve: LoadCurve, seed: int = 1, advance: Advance = lambda: None
) -> NextMeasurement:
    """Return what to measure next. `curve`: of this model. Raises what `load_curve` raises."""
    stages: tuple[StageToMeasure, ...] = ()
    if len(model.members) >= _MEMBERS_MIN:
        stages = _stages(model, curve, seed + _SEED, advance)
    widest = _widest(curve)
    found = () if widest is None else effects(model, curve.draws, curve.runs[widest])
    at_rps = None if widest is None else curve.rates_rps[widest]
    sentences = (*_stage_sentences(model, stages), *_effect_sentences(found, at_rps), *_start_sentences(model.start_up))
    return NextMeasurement(stages, found, at_rps, sentences)


def _stages(model: CalibratedModel, curve: LoadCurve, seed: int, advance: Advance) -> tuple[StageToMeasure, ...]:
    draws = _one_a_member(curve.draws)
    places = [curve.draws.index(draw) for draw in draws]
    targets = _targets(curve, places)
    if not targets.shape[1]:
        return ()
    sizes = (curve.size, *neighbours(curve.size)) if curve.is_compiled else (curve.size,)
    found = []
    for size in sizes:
        try:
            predictor = experiment(model, curve, None if size == curve.size else size, seed)
        except ScenarioError:
            continue  # the application does not fit into this size, such as its memory
        moved = tuple(draw._replace(seed=draw.seed + _SEED) for draw in draws)
        shares = _SHARES if size == curve.size else _SHARES_OF_OTHERS
        rates = [share * curve.saturation_rps * size.cpu_units / curve.size.cpu_units for share in shares]
        for rate_rps, runs in zip(rates, played(predictor, rates, moved, advance), strict=True):
            explained = explained_share(_shown(runs), targets)
            found.append(StageToMeasure(rate_rps, size, curve.duration_s, 1 - math.sqrt(1 - explained)))
    return tuple(sorted(found, key=lambda each: -each.narrowing - (_SAME if each.size == curve.size else 0.0)))


def _one_a_member(draws: Sequence[Draw]) -> list[Draw]:
    first: dict[int, Draw] = {}
    for draw in draws:
        first.setdefault(draw.member, draw)
    return list(first.values())[:_MEMBERS_MAX]


def _targets(curve: LoadCurve, places: Sequence[int]) -> Floats:
    """Return the logarithms of p50 and p95 at all rates: shape (members, figures); figures that all members have."""
    columns = [[getattr(runs[place], name) for place in places] for runs in curve.runs for name in ("p50_s", "p95_s")]
    known = [column for column in columns if all(column)]
    return np.log(np.array(known, dtype=np.float64)).T if known else np.zeros((len(places), 0))


def _shown(runs: Sequence[RunFigures]) -> Floats:
    """Return what a stage shows of each member: shape (members, figures)."""
    columns: list[list[float]] = [
        [math.log(run.p50_s) if run.p50_s else 0.0 for run in runs],
        [math.log(run.p95_s) if run.p95_s else 0.0 for run in runs],
        [run.cpu or 0.0 for run in runs],
        [math.log(run.served_rps) if run.served_rps > 0 else 0.0 for run in runs],
    ]
    return np.array(columns).T


def explained_share(shown: Floats, targets: Floats) -> float:
    """Return the share of the variance of all targets that a ridge regression on `shown` predicts of members that are
    left out, 0 to 1.
    """
    spread = shown.std(axis=0)
    scaled = (shown - shown.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    table = np.concatenate([np.ones((len(scaled), 1)), scaled[:, spread > 0]], axis=1)
    penalty = _RIDGE * np.eye(table.shape[1])
    penalty[0, 0] = 0.0
    hat = table @ np.linalg.solve(table.T @ table + penalty, table.T)
    left_out = (targets - hat @ targets) / (1 - np.diag(hat))[:, None]
    # The mean of the others is what would be predicted without the figures.
    count = len(targets)
    without = (targets - targets.mean(axis=0)) * count / (count - 1)
    total = float(np.square(without).sum())
    return 0.0 if total == 0 else min(max(1 - float(np.square(left_out).sum()) / total, 0.0), 1.0)


def _widest(curve: LoadCurve) -> int | None:
    """Return the place of the rate at which the interval of p95 is the widest, in relation to its value."""
    widths = [
        (each.high / each.low, place)
        for place, row in enumerate(curve.figures)
        if (each := row["p95_s"]) is not None and each.low > 0
    ]
    return max(widths)[1] if widths else None


def _stage_sentences(model: CalibratedModel, stages: Sequence[StageToMeasure]) -> list[str]:
    if not stages:
        if model.members:
            return []
        return ["The model has no members, so what a measurement would tell is unknown."]
    best = [stage for stage in stages[:_SHOWN] if stage.narrowing >= WORTHWHILE]
    if not best:
        text = f"No single stage of {stages[0].duration_s:.0f} s would narrow the intervals of the latencies by a tenth"
        return [f"{text}: measure longer, or accept them."]
    first, others = best[0], best[1:]
    text = (
        f"Measure {rate_text(first.rate_rps)} on {first.size} for {first.duration_s:.0f} s: the intervals of p50 and "
        f"p95 are expected to become {_percent(first.narrowing)} narrower, on average over all loads."
    )
    if others:
        shown = ", ".join(f"{rate_text(each.rate_rps)} on {each.size} ({_percent(each.narrowing)})" for each in others)
        text += f" Next best: {shown}."
    return [text]


def _effect_sentences(found: Sequence[ParameterEffect], at_rps: float | None) -> list[str]:
    if not found:
        return []
    shares = "; ".join(f"{each.name} ({_percent(each.share)} of its variance)" for each in found)
    overlap = ". The shares overlap: the data tie these parameters together" if len(found) > 1 else ""
    return [f"The interval of p95 is the widest at {rate_text(at_rps)}; it depends most on {shares}{overlap}."]


def _start_sentences(stages: Sequence[StartUpStage]) -> list[str]:
    """Return how many starts would narrow the interval of their median, which falls with the square root."""
    total = next((stage for stage in stages if stage.name == "total"), None)
    if total is None or total.low_s is None or total.high_s is None or total.median_s == 0:
        return []
    width = (total.high_s - total.low_s) / total.median_s
    if width <= _START_WIDTH:
        return []
    more = min(_STARTS_MAX, math.ceil(total.count * (width / _START_WIDTH) ** 2) - total.count)
    after = width * math.sqrt(total.count / (total.count + more))
    known = f"the interval of the median of {total.count} starts is {_percent(width)} of its value wide"
    return [f"Repeat the start {more} times: {known}, that of {total.count + more} would be {_percent(after)}."]


def _percent(share: float) -> str:
    return f"{100 * share:.0f}\u00a0%"
