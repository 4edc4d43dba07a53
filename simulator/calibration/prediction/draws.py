"""Draws: which member of a model plays with which seed.

A prediction consists of runs, each with a member of the model (one of the models that the data allow) and a seed. So
their spread contains both what the data leave open and chance in a run. Some members play twice with different seeds:
the differences within a member are chance, those between members are the parameters. A draw has the same seed at every
rate and setting (common random numbers), so that predictions differ because of the rate or setting only.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.prediction.model_scenario import Application

# With 40 draws the smallest and the largest contain 95 % of further ones.
DRAWS_MIN: Final = 40
# Members that play twice, so that chance can be separated from the parameters.
TWICE: Final = 20


class Draw(NamedTuple):
    """A run of a prediction. `member`: position in the model; the weights of all draws have the sum 1."""

    member: int
    seed: int
    weight: float


def members_of(model: CalibratedModel) -> tuple[Application, ...]:
    """Return the applications of the members; of a model without members its best values alone."""
    return tuple(member.application for member in model.members) or (model.application,)


def draws_of(model: CalibratedModel, seed: int) -> tuple[Draw, ...]:
    """Return the draws of every prediction from `model` with this seed."""
    weights = [member.weight for member in model.members] or [1.0]
    members, total = len(weights), sum(weights)
    count = max(DRAWS_MIN, members + min(members, TWICE))
    times = [sum(1 for _ in range(member, count, members)) for member in range(members)]
    return tuple(
        Draw(place % members, seed + place, weights[place % members] / total / times[place % members])
        for place in range(count)
    )
