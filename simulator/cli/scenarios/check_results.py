"""Results of checks for continuous integration: JUnit XML, and the summary of a GitHub Actions step."""

from __future__ import annotations

import re
from xml.sax.saxutils import quoteattr

from simulator.model.text.quantities import quantity_text
from simulator.report.schema import CheckPart, Report


def junit_xml(report: Report) -> str:
    """Return a test suite with a test case for each check. In an interrupted run the checks are skipped."""
    name, checks = quoteattr(report.scenario.name), report.checks
    judged = report.run.complete
    failures = sum(not check.passed for check in checks) if judged else 0
    skipped = 0 if judged else len(checks)
    counts = f'tests="{len(checks)}" failures="{failures}" errors="0" skipped="{skipped}"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites {counts}>", f"<testsuite name={name} {counts}>"]
    for check in checks:
        case = f"<testcase classname={name} name={quoteattr(check.text)}"
        if not judged:
            lines.append(f'{case}><skipped message="interrupted: not judged"/></testcase>')
        elif check.passed:
            lines.append(f"{case}/>")
        else:
            lines.append(f"{case}><failure message={quoteattr(_measured(check))}/></testcase>")
    return "\n".join([*lines, "</testsuite>", "</testsuites>", ""])


def step_summary(report: Report) -> str:
    """Return the verdict, and the checks as a Markdown table."""
    failed = sum(not check.passed for check in report.checks)
    if not report.run.complete:
        verdict = "interrupted: not judged"
    elif not report.checks:
        verdict = "no checks"
    else:
        verdict = (
            f"{failed} of {len(report.checks)} checks FAILED" if failed else f"all {len(report.checks)} checks pass"
        )
    lines = [f"### {_cell(report.scenario.name)}: {verdict}", ""]
    if report.verdict is not None:
        lines += [_markdown(report.verdict.text), ""]
    if report.checks:
        lines += ["| check | | measured |", "|---|---|---|"]
    for check in report.checks:
        word = ("pass" if check.passed else "**FAILED**") if report.run.complete else "not judged"
        lines.append(f"| `{_cell(check.text)}` | {word} | {_cell(_measured(check))} |")
    return "\n".join([*lines, "", ""])


def _measured(check: CheckPart) -> str:
    """Return the measured value, or why there is none."""
    return quantity_text(check.value, check.unit) if check.value is not None else check.reason


def _markdown(text: str) -> str:
    """Return text in which names of a scenario are no Markdown."""
    return re.sub(r"([\\\\`*_\[\]<>#|])", r"\\\1", text)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
