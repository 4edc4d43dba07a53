"""The tables beside a verdict."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table

from simulator.console.report.verdict_tables import errors_table, what_ifs_table
from simulator.report.verdict.part import CauseKind, ErrorSeriesPart, ServiceVerdictPart, WhatIfPart

PART = ServiceVerdictPart(
    service="web",
    text="Some were lost.",
    lost=12,
    causes=[],
    errors=[
        ErrorSeriesPart(kind="429", requests=10, counts=[0, 8, 2, 0]),
        ErrorSeriesPart(kind="no answer", requests=2, counts=[0, 0, 0, 2]),
    ],
    what_ifs=[
        WhatIfPart(
            change="MinSize 3",
            cause=CauseKind.START_LAG,
            rejected=0,
            errors=0,
            requests=1000,
            error_rate=0.0,
            p95_s=0.1,
            month_usd=161.0,
            month_usd_more=61.0,
            is_enough=True,
            errors_by_bin=[0, 0, 0, 0],
        )
    ],
    not_enough=["MinSize 2"],
)


def rows(table: Table) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=80).print(table)
    return [" ".join(line.split()) for line in file.getvalue().splitlines() if line.strip()]


def test_errors_have_their_counts_and_times() -> None:
    assert rows(errors_table(PART, 30.0))[2:] == ["429 10 0:30 1:30 █▃", "no answer 2 1:30 2:00 ▃"]


def test_a_change_has_what_it_would_have_lost_and_cost() -> None:
    assert rows(what_ifs_table(PART))[2:] == [
        "MinSize 3 0 0 % 100 ms $161.00 +$61.00",
        "MinSize 2 not enough",
    ]
