"""The published probe logs against the rule: intervals between the events of the log, attempt by attempt."""

from __future__ import annotations

import pytest

from simulator.lab.validate.measured import container_apps_probes as probes


@pytest.mark.parametrize("phase", [0.0, 0.3, 0.9])
def test_the_startup_probe_ends_within_the_time_that_the_settings_give_it(phase: float) -> None:
    """The log has 27 s from the first attempt to the kill: five periods and a time-out."""
    assert probes.short_startup(phase).killed_s - 5 * phase == pytest.approx(27)


@pytest.mark.parametrize("phase", [0.0, 0.3, 0.9])
def test_a_saturated_container_is_killed_two_periods_after_its_first_failure(phase: float) -> None:
    assert probes.saturated(phase) == (10.0, 20.0)
