"""The default backend of a comparison."""

from __future__ import annotations

from simulator.lab.compare.play_scenario import play_virtual
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.scenario.scenario import read_scenario

TEXT = """
duration: 30s
services: {web: {application: {simulated: {io: {exponential: 50ms}}}}}
traffic: [{poisson: {rate: 5/s}}]
"""


def test_it_gives_the_report_of_a_plain_run() -> None:
    scenario = read_scenario(TEXT)
    plain = build_report(play(Run(scenario), signals=False))
    assert build_report(play_virtual(scenario)).digest == plain.digest
