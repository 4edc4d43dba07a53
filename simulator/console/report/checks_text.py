"""The results of a report's checks as plain text, for files and pipes.

The lines are those of `print_checks` on a console without colours, which a test compares. Most runs in scripts print
nothing else, and importing rich takes a twentieth of the CPU time of a short run.
"""

from __future__ import annotations

from typing import Final

from simulator.model.text.quantities import quantity_text
from simulator.report.schema import CheckPart, Report
from simulator.report.services import month_basis

WIDTH_MAX: Final = 120  # longer lines are harder to read
GRAVE: Final = frozenset({"late load", "cannot act"})  # kinds of notes that make the checks meaningless
_GAP: Final = "  "
_HEAD: Final = ("check", "", "measured", "")
_RULE: Final = "\u2500"


def checks_text(report: Report, width: int) -> str | None:
    """Return the text, no wider than `width` and at most 120 columns wide.

    None if a line would have to be wrapped, or has characters that are not one column wide, which only rich handles.
    """
    usable = min(width, WIDTH_MAX)
    if any(note.kind in GRAVE for note in report.notes):
        return None  # sentences of any length
    lines = _judged(report, usable) if report.checks else ["", _heading("no checks", usable)]
    if any(len(line) > usable or not _is_plain(line.replace(_RULE, "")) for line in lines):
        return None
    return "".join(f"{line.rstrip(' ')}\n" for line in lines)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _judged(report: Report, width: int) -> list[str]:
    complete = report.run.complete
    lines = ["", _heading("checks", width), "", *_table([_HEAD, *(_cells(check, complete) for check in report.checks)])]
    if any(check.unit == "usd" and "usd_per_month" in check.text for check in report.checks):
        lines.append(f"usd_per_month is {month_basis(report.run.ended_s)}")
    return [*lines, "", verdict_text(report)]


def verdict_text(report: Report) -> str:
    """Return the last line: how many of the checks pass."""
    if not report.run.complete:
        return "interrupted: not judged"
    failed = sum(not check.passed for check in report.checks)
    if failed:
        return f"{failed} of {len(report.checks)} checks FAILED"
    return f"all {len(report.checks)} checks pass"


def check_verdict(check: CheckPart, *, judged: bool) -> str:
    """Return the verdict of one check in a word. An interrupted run has none."""
    if not judged:
        return "not judged"
    return "pass" if check.passed else "FAILED"


def check_reason(check: CheckPart) -> str:
    """Return why the check has no measured value; empty if it has one, which is shown with the limit."""
    return check.reason if check.value is None else ""


def _heading(title: str, width: int) -> str:
    return f"{title} {_RULE * (width - len(title) - 1)}"


def _cells(check: CheckPart, judged: bool) -> tuple[str, ...]:
    measured = quantity_text(check.value, check.unit)
    return check.text, check_verdict(check, judged=judged), measured, check_reason(check)


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """Lay out the rows below their heading; the third column is right-aligned."""
    widths = [max(1, *map(len, column)) for column in zip(*rows, strict=True)]  # at least 1, as in rich's tables
    lines = [
        _GAP.join(cell.rjust(width) if number == 2 else cell.ljust(width) for number, (cell, width) in enumerate(cells))
        for cells in (zip(row, widths, strict=True) for row in rows)
    ]
    return [lines[0], _RULE * len(lines[0]), *lines[1:]]
