"""The result of the experiments as Markdown: a row for each figure, and the medians beside their bounds."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from benchmarks.calibration_live.figures import BOUNDS, WORST, Compared


def table(rows: Sequence[Compared]) -> Iterator[str]:
    """Yield the lines of a table with all figures."""
    yield "| application | load | figure | measured | predicted | 95 % interval | error | inside | warnings |"
    yield "|---|---:|---|---:|---:|---|---:|---|---|"
    for row in rows:
        yield (
            f"| {row.application} | {row.rate_rps:.3g}/s | {row.name} | {_text(row, row.measured)} | "
            f"{_text(row, row.predicted)} | {_text(row, row.low)} to {_text(row, row.high)} | {row.error:+.1%} | "
            f"{'yes' if row.is_inside else 'no'} | {'; '.join(row.warnings)} |"
        )


def summary(rows: Sequence[Compared]) -> Iterator[str]:
    """Yield a line for each kind of figure: median and worst error, and the share inside the interval."""
    yield "| figure | experiments | median error | bound | worst error | above 20 % | of these named | inside |"
    yield "|---|---:|---:|---:|---|---:|---:|---:|"
    for name, bound in BOUNDS.items():
        chosen = [row for row in rows if row.name == name]
        if not chosen:
            continue
        worst = max(chosen, key=lambda row: abs(row.error))
        far = [row for row in chosen if abs(row.error) > WORST]
        median = statistics.median(abs(row.error) for row in chosen)
        inside = sum(row.is_inside for row in chosen) / len(chosen)
        yield (
            f"| {name} | {len(chosen)} | {median:.1%} | {bound:.0%} | {worst.error:+.1%} ({worst.application} at "
            f"{worst.rate_rps:.3g}/s) | {len(far)} | {sum(bool(row.warnings) for row in far)} | {inside:.0%} |"
        )


def _text(row: Compared, value: float) -> str:
    return f"{value:.1f}/s" if row.name == "saturation" else f"{value * 1e3:.1f} ms"
