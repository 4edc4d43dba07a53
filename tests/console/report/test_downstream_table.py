from __future__ import annotations

import io

from rich.console import Console

from simulator.console.report.downstream_table import downstream_table
from simulator.report.downstream import DownstreamPart, DownstreamSeriesPart, DownstreamWaitPart

WAIT = DownstreamWaitPart(mean_s=0.01, p50_s=0.004, p95_s=0.02, p99_s=None, max_s=0.3)


def part(name: str) -> DownstreamPart:
    return DownstreamPart(
        name=name,
        connections=100,
        calls=5000,
        answered=4000,
        rejected=900,
        timed_out=100,
        error_rate=0.2,
        wait=WAIT,
        utilization=0.5,
        connections_mean=80.0,
        connections_max=97,
        queue_mean=0.25,
        queue_max=12,
        series=DownstreamSeriesPart(width_s=1.0, connections=[], busy=[], waiting=[], errors=[]),
        by_service={"web": 5000},
        events=[],
    )


def test_resources_are_side_by_side_within_80_columns() -> None:
    file = io.StringIO()
    names = ["orders-db", "sessions-cache", "payments-api"]
    Console(file=file, width=80).print(downstream_table([part(name) for name in names]))
    lines = file.getvalue().splitlines()
    assert lines[0].split() == ["downstream", *names]
    rows = {line[:20].strip(): line[20:].split("  ") for line in lines[2:]}
    assert [cell.strip() for cell in rows["rejected"] if cell.strip()] == ["900"] * 3
    assert [cell.strip() for cell in rows["connections, max"] if cell.strip()] == ["97 of 100"] * 3
    assert max(map(len, lines)) <= 80
