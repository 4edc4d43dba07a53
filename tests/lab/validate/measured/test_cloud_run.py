"""Case V20: the law of each language by its formula, and the way back to zero between two calls."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from simulator.lab.validate.measured import cloud_run
from simulator.rules.policies.cloud_run import COLD_STARTS, CloudRunParameters, Language


@pytest.mark.parametrize("language", get_args(Language))
def test_a_law_has_the_published_range_and_mean(language: Language) -> None:
    """The whole start at many levels, with the placement, against the published figures."""
    law = CloudRunParameters(language=language).start_law
    assert law is not None
    assert law.init is not None
    levels = np.linspace(0, 1, 10_001)
    starts_s = [law.launch_s + law.init.at(float(level), 1.0) for level in levels]
    low_s, high_s = cloud_run.RANGES_S[language]
    assert min(starts_s) == pytest.approx(low_s)
    assert max(starts_s) == pytest.approx(high_s)
    assert np.mean(starts_s) == pytest.approx(COLD_STARTS[language].mean_s, rel=0.03)
    low_s, high_s = cloud_run.MEANS_S[language]
    assert low_s <= law.mean_s <= high_s


def test_every_call_of_a_language_is_from_zero_and_within_its_range() -> None:
    run = cloud_run.played("go")
    assert len(run.latency_s) == cloud_run.CALLS
    assert (run.status == 200).all()
    assert run.latency_s.min() >= 0.05
    assert run.latency_s.max() <= 0.252
    assert len(np.unique(run.latency_s)) > 300


@pytest.mark.slow
def test_all_figures_are_within_their_tolerance() -> None:
    assert [str(finding) for finding in cloud_run.cold_starts() if not finding.passed] == []
