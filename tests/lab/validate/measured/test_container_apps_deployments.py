"""The deployments of Container Apps: the simulated swaps recomputed from the stages of a start."""

from __future__ import annotations

from simulator.lab.validate.measured import container_apps_deployments as deployments
from simulator.rules.policies.kubernetes.container_apps_start import START_LAW


def test_each_swap_lasts_as_long_as_the_stages_of_a_start() -> None:
    """With 2.2 to 3.9 s of pull, up to a second until the first probe, and half an answer of the client's round."""
    round_s = deployments.ANSWER_S + deployments.PAUSE_S
    ranges = [
        (
            sum(stage.low_s for stage in path.stages) + 2.2 + path.registration.low_s,
            sum(stage.high_s for stage in path.stages) + 3.9 + path.registration.high_s + 1.0,
        )
        for path in START_LAW.paths
    ]
    for swap in deployments.swaps():
        assert any(low_s - round_s <= swap.last_old_s <= high_s + round_s for low_s, high_s in ranges)


def test_the_new_revision_answers_one_request_after_the_old_one() -> None:
    round_s = deployments.ANSWER_S + deployments.PAUSE_S
    for swap in deployments.swaps():
        assert round_s - 0.01 <= swap.first_new_s - swap.last_old_s <= round_s + 0.01


def test_answers_come_before_the_application_calls_itself_ready() -> None:
    assert min(swap.early for swap in deployments.swaps()) >= 1
