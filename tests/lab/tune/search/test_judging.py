"""The number of days that judge bounds the probability of a false claim, over all settings that are judged."""

import pytest

from simulator.lab.tune.search.judging import judging_days, proven_share


@pytest.mark.parametrize("share", [0.8, 0.9, 0.95])
def test_all_attempts_together_make_a_false_claim_with_at_most_the_error_allowed(share: float) -> None:
    # a setting that holds on exactly `share` of the days passes n independent days with probability share ** n
    assert sum(share ** judging_days(attempt, share, 0.95) for attempt in range(60)) <= 0.05


def test_the_first_choice_needs_36_days_for_90_percent() -> None:
    assert judging_days(0, 0.9, 0.95) == 36
    assert proven_share(36, 0, 0.95) == pytest.approx(0.025 ** (1 / 36))
    assert proven_share(0, 0, 0.95) == 0.0
