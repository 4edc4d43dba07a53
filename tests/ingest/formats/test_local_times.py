from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from simulator.ingest.blocks import Reading
from simulator.ingest.formats.local_times import LocalTimes, zone_named
from tests.ingest.dataset_files import imported


def clock_s(moments: list[datetime], zone: str) -> list[float]:
    """Return what a clock of the zone shows, as if it were UTC."""
    return [moment.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC).timestamp() for moment in moments]


def moments_from(begin: str, hours: int = 6, step_s: float = 97.0) -> list[datetime]:
    start = datetime.fromisoformat(begin)
    return [start + timedelta(seconds=step_s * at) for at in range(int(hours * 3600 / step_s))]


@pytest.mark.parametrize(
    ("zone", "begin"),
    [
        pytest.param("Europe/Berlin", "2026-10-24T22:00:00+00:00", id="end of summer time"),
        pytest.param("Europe/Berlin", "2026-03-28T23:00:00+00:00", id="its beginning"),
        pytest.param("America/New_York", "2026-11-01T03:00:00+00:00", id="another continent"),
        pytest.param("Australia/Lord_Howe", "2026-04-04T13:00:00+00:00", id="half an hour"),
        pytest.param("Asia/Kolkata", "2026-10-24T22:00:00+00:00", id="no summer time"),
        pytest.param("UTC", "2026-10-24T22:00:00+00:00", id="UTC"),
    ],
)
@pytest.mark.parametrize("block", [7, 10_000])
def test_times_of_a_clock_are_those_that_it_was(zone: str, begin: str, block: int) -> None:
    moments = moments_from(begin)
    shown = np.array(clock_s(moments, zone))
    reading = Reading(zone=zone_named(zone))
    local = LocalTimes(reading)

    found = np.concatenate([local.seconds(shown[at : at + block]) for at in range(0, len(shown), block)])

    assert found.tolist() == [moment.timestamp() for moment in moments]
    assert reading.has_local_times


def test_lines_that_are_slightly_out_of_order_do_not_end_summer_time() -> None:
    moments = moments_from("2026-10-24T22:00:00+00:00", step_s=10.0)
    ends_s = [10 * at + at * 7919 % 600 for at in range(len(moments))]  # up to ten minutes after their start
    logged = [moment for _, moment in sorted(zip(ends_s, moments, strict=True))]
    local = LocalTimes(Reading(zone=zone_named("Europe/Berlin")))

    found = local.seconds(np.array(clock_s(logged, "Europe/Berlin")))

    wrong = found != np.array([moment.timestamp() for moment in logged])
    # Lines of ten minutes around the step back may be of the other pass.
    assert wrong.sum() <= 120


HAPROXY = (
    "Oct 25 02:00:00 lb haproxy[12]: 192.0.2.1:4711 [{stamp}] fe~ be/s1 0/0/1/99/100 200 512 - - ---- 1/1/0/0/0 0/0 "
    '"GET /items HTTP/1.1"\n'
)


def test_a_log_over_the_end_of_summer_time_has_all_its_hours(tmp_path: Path) -> None:
    zone = ZoneInfo("Europe/Berlin")
    moments = moments_from("2026-10-24T22:00:00+00:00", step_s=60.0)
    haproxy, jmeter = tmp_path / "haproxy.log", tmp_path / "local.jtl"
    haproxy.write_text(
        "".join(HAPROXY.format(stamp=f"{each.astimezone(zone):%d/%b/%Y:%H:%M:%S}.000") for each in moments)
    )
    rows = [f"{each.astimezone(zone):%Y/%m/%d %H:%M:%S}.000,100,Items,200\n" for each in moments]
    jmeter.write_text("timeStamp,elapsed,label,responseCode\n" + "".join(rows))

    for file in (haproxy, jmeter):
        result = imported(file, zone_name="Europe/Berlin")

        assert result.start_s == moments[0].timestamp()
        assert result.services[0].times_s is not None
        np.testing.assert_allclose(np.diff(result.services[0].times_s), 60.0)
        assert imported(file).length_s == result.length_s - 3600  # as UTC, the repeated hour is one


def test_a_zone_that_does_not_exist_or_is_not_needed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'Europe/Berln', must be a time zone(?s:.*)Europe/Berlin`"):
        zone_named("Europe/Berln")
    file = tmp_path / "access.log"
    file.write_text('- - - [02/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 9\n')
    with pytest.raises(ValueError, match="--time-zone = UTC, must be left out"):
        imported(file, zone_name="UTC")
