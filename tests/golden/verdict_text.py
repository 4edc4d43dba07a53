"""The verdict of a report for its golden file: the sentences, a line for each cause, and what was played again."""

from __future__ import annotations

from simulator.lab.why import verdict_lines
from simulator.model.text.quantities import count_text, latency_text, ratio_text, usd_text
from simulator.report.schema import Report


def verdict_text(report: Report) -> str:
    """Return the text of the golden file of a verdict without played changes."""
    return "\n".join(verdict_lines(report)) + "\n"


def changes_text(report: Report) -> str:
    """Return the text of the golden file of the changes that were played."""
    assert report.verdict is not None
    lines = [f"{part.service}: {part.text}" for part in report.verdict.services]
    for part in report.verdict.services:
        lines += [
            f"{part.service}: {each.change}: {'enough' if each.is_enough else 'not enough'}, lost "
            f"{count_text(each.errors)} of {count_text(each.requests)} ({ratio_text(each.error_rate)}), p95 "
            f"{latency_text(each.p95_s)}, {usd_text(each.month_usd)} a month"
            for each in part.what_ifs
        ]
        lines += [f"{part.service}: {change}: not enough" for change in part.not_enough]
    if report.verdict.not_played:
        lines.append(f"No change was played: {report.verdict.not_played}.")
    return "\n".join(lines) + "\n"
