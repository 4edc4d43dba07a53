from __future__ import annotations

import csv
import io

import pytest

from simulator.records.request_csv import HEADER, RequestCsv
from simulator.records.request_log import RuleNumbers
from simulator.records.request_stats import StatsBySource
from tests.records.rows import Row, tell


def test_a_row_is_written_with_the_name_of_its_source() -> None:
    file = io.StringIO()
    writer = RequestCsv(file, ["people", "robots"])
    tell(writer.read, Row(1.5, 0.25, 503, 1, 0.01, 0.02, 0.22, 7, 0.003))
    assert file.getvalue() == (f"{HEADER}\nrobots,1.500000,0.250000,0.010000,0.020000,0.220000,503,7,0.003000,0,\n")


def test_a_blocked_request_has_its_rule_and_no_instance() -> None:
    file, rules = io.StringIO(), RuleNumbers()
    writer = RequestCsv(file, ["people"], rules=rules)
    for name in ("admin", "group/a,b", "admin"):
        tell(writer.read, Row(status=403, instance=-rules.number(name)))
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert [(row["instance"], row["blocked_by"]) for row in rows] == [
        ("0", "admin"),
        ("0", "group/a,b"),
        ("0", "admin"),
    ]


@pytest.mark.case("L45")
def test_the_warm_up_column_agrees_with_the_report() -> None:
    file, stats_by_source = io.StringIO(), StatsBySource(1, 10.0)
    writer = RequestCsv(file, ["people"], 10.0)
    for intended_s in (0.0, 9.999999, 10.0, 25.0):
        row = Row(intended_s, 0.25, 200)
        tell(writer.read, row)
        tell(stats_by_source.read, row)

    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert [row["warm_up"] for row in rows] == ["1", "1", "0", "0"]
    assert stats_by_source.after_warm_up().requests == sum(row["warm_up"] == "0" for row in rows)


def test_a_name_with_a_comma_survives_reading_back() -> None:
    file = io.StringIO()
    tell(RequestCsv(file, ['the "many", many']).read, Row())
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert (rows[0]["source"], rows[0]["status"]) == ('the "many", many', "200")
