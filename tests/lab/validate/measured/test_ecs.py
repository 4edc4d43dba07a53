"""The step response of target tracking: the times follow from the parts of the pipeline."""

from __future__ import annotations

import pytest

from simulator.lab.validate.measured import ecs
from simulator.lab.validate.measured.played import PlayedScenario


@pytest.mark.parametrize(("period_s", "trigger_s"), [(60, 60 + 2 * 60 + 150), (20, 20 + 2 * 20 + 30)])
def test_a_step_at_the_start_of_a_period_needs_three_points_and_their_delay(
    period_s: int, trigger_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trigger is in the first decision, of which there is one every 10 s, after the third point is visible."""
    monkeypatch.setattr(ecs, "PHASES_S", range(1))
    ((found_s, provisioned_s),) = ecs.response.__wrapped__(period_s)
    assert trigger_s <= found_s <= trigger_s + 10
    assert provisioned_s == pytest.approx(found_s + ecs.TASK_START_S)


def test_the_load_is_below_the_target_before_the_step_and_above_it_afterwards() -> None:
    played = PlayedScenario(ecs._text(0, 60))
    assert played.rate_rps(300, 600) * 0.02 / 2 < 0.6 < played.rate_rps(600, 900) * 0.02 / 2


@pytest.mark.slow
def test_the_set_up_names_the_predicted_times_of_points_of_20_s() -> None:
    assert list(ecs.high_resolution_s()) == pytest.approx([93, 116], abs=1)
    (case,) = ecs.cases()
    assert "a trigger after 93 s and a provisioned task after 116 s" in case.set_up
