"""The table of service times on a terminal, and the measured laws as YAML to paste."""

from __future__ import annotations

import io

from rich.console import Console

from simulator.console.report.service_times_table import law_lines, service_times_table
from simulator.model.text.document import parse_document
from simulator.report.service_times.part import MeasuredLawPart, ServiceTimesPart
from tests.report.service_times.test_notes import REJECTED, route

LONG = f"{{empirical: [{', '.join(f'{number}.25ms' for number in range(100, 130))}]}}"
PART = ServiceTimesPart(
    routes=[route("", 0.136, 0.103, "p50"), route("/a", 0.1, 0.1)],
    rejected=[REJECTED],
    laws=[
        MeasuredLawPart(service="shop", setting=["application", "simulated", "paths", "/a", "io"], yaml=LONG),
        MeasuredLawPart(service="shop", setting=["application", "simulated", "paths", "/b", "io"], yaml="2ms"),
        MeasuredLawPart(service="web", setting=["application", "simulated", "io"], yaml="3ms"),
    ],
    no_law={},
)
TABLE = """\
service time         requests     p50     p95    mean  rejected
───────────────────────────────────────────────────────────────
shop
  real instances        5,400  136 ms  150 ms  137 ms    12.4 %
  as modelled           6,000  103 ms  113 ms  104 ms    9.10 %
  with measured law     5,400  136 ms  150 ms  137 ms    12.3 %
shop/a
  real instances        5,400  100 ms  110 ms  101 ms
  as modelled           6,000  100 ms  110 ms  101 ms
"""


def test_the_table_has_three_rows_for_each_service_and_path() -> None:
    file = io.StringIO()
    Console(file=file, width=80).print(service_times_table(PART))
    assert [line.rstrip() for line in file.getvalue().splitlines() if line.strip()] == TABLE.splitlines()


def test_the_laws_are_yaml_of_a_scenario_file_within_80_columns() -> None:
    told, *lines = law_lines(PART)
    assert told == "To play the measured times in virtual time, set in the scenario file:"
    assert max(map(len, lines)) < 80
    services = parse_document("\n".join(lines)).data["services"]
    assert services["shop"]["application"]["simulated"]["paths"] == {
        "/a": {"io": {"empirical": [f"{number}.25ms" for number in range(100, 130)]}},
        "/b": {"io": "2ms"},
    }
    assert services["web"]["application"]["simulated"] == {"io": "3ms"}


def test_without_a_difference_a_line_says_so() -> None:
    same = PART.model_copy(update={"routes": [route("", 0.1, 0.1)], "laws": []})
    assert law_lines(same) == ["The differences are within chance."]
    assert law_lines(PART.model_copy(update={"laws": []})) == [], "the note says why there is no law"
