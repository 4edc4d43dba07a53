from __future__ import annotations

import pytest

from simulator.model.times import RunTime
from simulator.records.background.background_stats import BackgroundStats
from simulator.records.events import BackgroundChanged
from simulator.records.journal import Journal


def test_counts_and_stalled_time_are_sums_over_instances_until_the_end_of_the_run() -> None:
    journal, stats = Journal(), BackgroundStats()
    stats.follow(journal)
    for at_s, change in [
        (-2.0, {"due": 1, "stalled": 1}),  # the time before the run is not counted
        (1.0, {"due": 1}),
        (3.0, {"due": 1, "stalled": 1}),  # another instance
        (5.0, {"finished": 1, "cpu_s": 0.5, "delay_s": 7.0, "stalled": -1}),
        (6.0, {"due": 1, "missed": 1}),
        (8.0, {"lost": 1, "stalled": -1}),
    ]:
        journal.publish(BackgroundChanged(RunTime(at_s), "web", "mail")._replace(**change))  # type: ignore[arg-type]
    journal.publish(BackgroundChanged(RunTime(8.0), "web", "cache", due=1, stalled=1))
    stats.end(10.0)
    journal.publish(BackgroundChanged(RunTime(10.0), "web", "cache", lost=1, stalled=-1))  # the platform is closed
    mail, cache = stats.works["web", "mail"], stats.works["web", "cache"]
    assert (mail.due, mail.missed, mail.finished, mail.lost, mail.unfinished) == (4, 1, 1, 1, 1)
    assert (mail.unfinished_max, mail.cpu_s) == (3, 0.5)
    assert mail.stalled_s == 3 * 1 + 2 * 2 + 3 * 1
    assert mail.delays.max_s == pytest.approx(7.0)
    assert (cache.unfinished, cache.lost, cache.stalled_s) == (1, 0, 2.0)
