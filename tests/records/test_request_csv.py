from __future__ import annotations

import csv
import io

from simulator.records.request_csv import HEADER, RequestCsv
from tests.records.rows import Row, tell


def test_a_row_is_written_with_the_name_of_its_source() -> None:
    file = io.StringIO()
    writer = RequestCsv(file, ["people", "robots"])
    tell(writer.read, Row(1.5, 0.25, 503, 1, 0.01, 0.02, 0.22, 7, 0.003))
    assert file.getvalue() == (f"{HEADER}\nrobots,1.500000,0.250000,0.010000,0.020000,0.220000,503,7,0.003000\n")


def test_a_name_with_a_comma_survives_reading_back() -> None:
    file = io.StringIO()
    tell(RequestCsv(file, ['the "many", many']).read, Row())
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert (rows[0]["source"], rows[0]["status"]) == ('the "many", many', "200")
