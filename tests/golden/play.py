"""`python -m tests.golden.play NAME BACKEND`: play a shipped scenario in virtual time and print its report as JSON."""

from __future__ import annotations

import sys

from simulator.lab.compare.backends import backend_of
from simulator.report.report import build_report
from simulator.report.serialization import report_json
from simulator.scenario.scenario import load_scenario
from simulator.scenario.shipped import shipped_scenarios

if __name__ == "__main__":
    scenario = load_scenario(shipped_scenarios()[sys.argv[1]])
    sys.stdout.write(report_json(build_report(backend_of(sys.argv[2])(scenario))))
