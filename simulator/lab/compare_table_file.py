"""A comparison as a table in a file, one row a run: Parquet, or CSV."""

from __future__ import annotations

from pathlib import Path

from simulator.lab.comparison import Comparison
from simulator.lab.sweep_table import write_table


def write_runs(comparison: Comparison, path: Path) -> None:
    """A row for every case, candidate and seed, a column for every figure; the suffix says the format.

    Raises:
        ImportError: for Parquet, when pyarrow is not installed.
        OSError: when the file cannot be written.
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
