"""The part about image pulls, and its line on the terminal, from a run whose pulls are computed by hand."""

from __future__ import annotations

import io

from rich.console import Console

from simulator.console.report.text import print_report
from simulator.records.events import ImagePulled
from simulator.replay.runner import Run, play
from simulator.report.image_pulls import image_pull_parts
from simulator.report.report import build_report
from simulator.report.serialization import report_json
from simulator.scenario.scenario import read_scenario

MB = 1024**2
# One instance on each machine, at 10 MB/s: the first three pull 90 MB in 9 s each. None of them ends, so nothing is
# found in a cache.
SCENARIO = """
duration: 30s
seed: 1
services:
  web:
    min_size: 3
    initial_size: 0
    application:
      simulated: {io: 10ms, start_up: 1s, image: %s}
traffic: [{name: few, clock: {rate: 1/s}}]
"""
IMAGE = "{layers: {base: 30 MB, app: 60 MB}, bandwidth: 10 MB/s}"


def test_figures_are_sums_and_quantiles_of_the_pulls_of_each_service() -> None:
    pulls = [
        ImagePulled("web", 1, 9.0, 90, 100),
        ImagePulled("api", 1, 2.0, 20, 20),
        ImagePulled("web", 2, 0.0, 0, 100),
        ImagePulled("web", 3, 1.0, 10, 100),
    ]
    web, api = image_pull_parts(pulls)
    assert (web.service, web.instances, web.cached, web.pulled_bytes, web.cached_bytes) == ("web", 3, 1, 100, 200)
    assert (web.took_s_median, web.took_s_max) == (1.0, 9.0)
    assert (api.service, api.instances, api.cached, api.took_s_median) == ("api", 1, 0, 2.0)
    assert image_pull_parts([]) == []


def test_the_report_of_a_run_has_the_pulls_and_one_without_images_has_no_such_field() -> None:
    report = build_report(play(Run(read_scenario(SCENARIO % IMAGE))))
    (part,) = report.image_pulls
    assert (part.service, part.instances, part.cached) == ("web", 3, 0)
    assert (part.pulled_bytes, part.cached_bytes) == (3 * 90 * MB, 0)
    assert round(part.took_s_median, 3) == round(part.took_s_max, 3) == 9.0
    console = Console(file=io.StringIO(), width=80)
    print_report(report, console)
    assert isinstance(console.file, io.StringIO)
    told = " ".join(console.file.getvalue().split())
    assert "image pulls of web: 270 MB for 3 instances, 0 bytes from caches; ready after 9.00 s (median), " in told
    assert '"image_pulls"' in report_json(report)
    without = build_report(play(Run(read_scenario(SCENARIO.replace(", image: %s", "")))))
    assert '"image_pulls"' not in report_json(without)
