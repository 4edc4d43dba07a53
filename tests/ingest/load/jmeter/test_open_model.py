from __future__ import annotations

from pathlib import Path

import pytest

from simulator.scenario.problems import ScenarioError
from tests.ingest.load.jmeter.plans import element, plan, read, sampler


def schedule(text: str) -> str:
    return plan(element("OpenModelThreadGroup", "Open", sampler("/"), OpenModelThreadGroup__schedule=text))


def test_each_interval_is_a_source_whose_rate_goes_to_the_next(tmp_path: Path) -> None:
    text = "rate(60/min) random_arrivals(1 min) rate(3/sec) /* a pause */ pause(10 s) even_arrivals(20 s) // end"
    sources = read(tmp_path, schedule(text)).sources

    assert [(source.shape, source.from_s, source.until_s) for source in sources] == [
        ("stages: {start: 1/s, spacing: poisson, stages: [{duration: 60s, target: 3/s}]}", 0, 60),
        ("stages: {start: 3/s, spacing: clock, stages: [{duration: 20s, target: 3/s}]}", 70, 90),
    ]


@pytest.mark.parametrize("text", ["rate(10)", "rate(1/s) random_arivals(5 s)", "${__groovy(1)}"])
def test_a_word_that_cannot_be_read_is_reported(tmp_path: Path, text: str) -> None:
    with pytest.raises(ScenarioError, match=r"Open: schedule = .*, must be rate\(N/min\), random_arrivals"):
        read(tmp_path, schedule(text))
