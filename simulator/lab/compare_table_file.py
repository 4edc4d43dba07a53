"""Writes a comparison as a table file with one row per run: Parquet or CSV."""

from __future__ import annotations

from pathlib import Path

from simulator.lab.compare.comparison import Comparison
from simulator.lab.sweep.table import write_table


def write_runs(comparison: Comparison, path: Path) -> None:
    """Write a row for every case, candidate and seed and a column for every figure; the suffix selects the format.

    Raises:
        ImportError: for Parquet, if pyarrow is not installed.
        OSError: if the file cannot be written.
    """
    write_table(
        [
            {
                "scenario": case.scenario,
                "service": case.service,
                "candidate": row.candidate,
                "seed": seed,
                **{name: values[place] for name, values in row.values.items()},
            }
            for case in comparison.cases
            for row in case.rows
            for place, seed in enumerate(case.seeds)
        ],
        path,
    )
