from __future__ import annotations

import io

from rich.console import Console

from simulator.console.report.background_table import background_table
from simulator.report.background.part import BackgroundPart, BackgroundWorkPart

WORK = BackgroundWorkPart(
    name="mail",
    due=5000,
    finished=4000,
    missed=900,
    lost=90,
    unfinished=10,
    unfinished_max=17,
    cpu_s=63.0,
    delay_p50_s=0.004,
    delay_p95_s=0.02,
    delay_max_s=None,
    stalled_s=122.0,
)


def test_kinds_of_work_are_side_by_side_within_80_columns() -> None:
    file = io.StringIO()
    parts = [BackgroundPart(service=name, works=[WORK], events=[]) for name in ("shop", "api", "search")]
    Console(file=file, width=80).print(background_table(parts))
    lines = file.getvalue().splitlines()
    assert lines[0].split() == ["background", "work", "shop", "mail", "api", "mail", "search", "mail"]
    rows = {line[:22].strip(): line[22:].split("  ") for line in lines[2:]}
    assert [cell.strip() for cell in rows["jobs due"] if cell.strip()] == ["5,000"] * 3
    assert [cell.strip() for cell in rows["stalled"] if cell.strip()] == ["2m02s"] * 3
    assert max(map(len, lines)) <= 80
