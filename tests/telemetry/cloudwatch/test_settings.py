"""The calendar of the CloudWatch exporter."""

from __future__ import annotations

from simulator.telemetry.cloudwatch.settings import CloudWatchSettings
from simulator.world.clock import epoch_s


def test_virtual_time_has_a_calendar_that_begins_at_the_given_time() -> None:
    settings = CloudWatchSettings("http://127.0.0.1:1", begin_s=1000.0)
    assert settings.is_kept
    assert settings.wall_clock(lambda: 5.0)() == 1005.0


def test_real_time_has_the_real_calendar() -> None:
    settings = CloudWatchSettings("http://127.0.0.1:1")
    assert not settings.is_kept
    assert settings.wall_clock(lambda: 5.0) is epoch_s
