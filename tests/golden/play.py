"""`python -m tests.golden.play`: plays the shipped scenarios named on standard input in virtual time.

A line of input is `NAME BACKEND`. The answer is a line with the length in bytes of the report as JSON, and the report.
The end of the input ends the process. Scenarios share the process, so a report that depends on earlier runs differs
from the golden file.
"""

from __future__ import annotations

import sys

from simulator.lab.compare.backends import backend_of
from simulator.report.report import build_report
from simulator.report.serialization import report_json
from simulator.scenario.scenario import load_scenario
from simulator.scenario.shipped import shipped_scenarios


def main() -> None:
    for line in sys.stdin:
        name, backend = line.split()
        scenario = load_scenario(shipped_scenarios()[name])
        report = report_json(build_report(backend_of(backend)(scenario))).encode()
        sys.stdout.buffer.write(b"%d\n%b" % (len(report), report))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
