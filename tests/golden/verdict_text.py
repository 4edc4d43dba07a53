"""The verdict of a report for its golden file: the sentences, and a line for each cause."""

from __future__ import annotations

from simulator.lab.why import verdict_lines
from simulator.report.schema import Report


def verdict_text(report: Report) -> str:
    """Return the text of the golden file."""
    return "\n".join(verdict_lines(report)) + "\n"
