from __future__ import annotations

import math
from collections import Counter

import pytest

from simulator.calibration.model.calibrated_model import ModelMember
from simulator.calibration.prediction.draws import draws_of, members_of
from tests.calibration.prediction.service_models import model_of


@pytest.mark.parametrize(("members", "count"), [(0, 40), (1, 40), (5, 40), (20, 40), (30, 50), (60, 80)])
def test_there_are_enough_draws_for_an_interval_and_some_members_play_twice(members: int, count: int) -> None:
    model = model_of({"io": "5ms"}, [{"io": f"{n + 1}ms"} for n in range(members)])
    draws = draws_of(model, 7)

    assert len(draws) == count
    assert sorted({draw.seed for draw in draws}) == list(range(7, 7 + count))
    assert max(Counter(draw.member for draw in draws).values()) >= 2
    assert math.fsum(draw.weight for draw in draws) == pytest.approx(1)
    assert len(members_of(model)) == max(1, members)


def test_the_weight_of_a_member_is_shared_by_its_draws() -> None:
    model = model_of({"io": "5ms"}, [{"io": f"{n + 1}ms"} for n in range(30)])
    heavy = model.model_copy(
        update={
            "members": tuple(ModelMember(weight=1 + n, application=m.application) for n, m in enumerate(model.members))
        }
    )
    total = Counter[int]()
    for draw in draws_of(heavy, 1):
        total[draw.member] += draw.weight  # type: ignore[assignment]
    assert all(total[n] == pytest.approx((1 + n) / sum(range(1, 31))) for n in range(30))
