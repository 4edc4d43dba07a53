"""The thinned history of decisions: bounded, in order, and with the last decision of each step."""

from __future__ import annotations

import itertools

from simulator.records.evaluation_log import KEPT_MAX, EvaluationLog
from simulator.rules.policies.port import Decision


def decision(number: int) -> Decision:
    return Decision(number, "", "")


def test_the_last_decision_of_a_second_is_kept() -> None:
    log = EvaluationLog()
    for at_s, number in ((0.0, 1), (0.5, 2), (1.0, 3)):
        log.note(at_s, decision(number))
    assert [(at_s, kept.desired) for at_s, kept in log.kept] == [(0.5, 2), (1.0, 3)]


def test_a_long_run_keeps_a_bounded_number_in_equal_steps() -> None:
    log = EvaluationLog()
    seconds = 86_400
    for second in range(seconds):
        log.note(float(second), decision(second))
        assert len(log.kept) <= KEPT_MAX
    times = [at_s for at_s, _ in log.kept]
    assert times[-1] == seconds - 1
    assert len(times) > KEPT_MAX / 2 - 1
    assert {later - earlier for earlier, later in itertools.pairwise(times[:-1])} == {256.0}
    assert all(kept.desired == at_s for at_s, kept in log.kept)
