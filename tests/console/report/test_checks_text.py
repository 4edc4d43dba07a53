"""The plain text of the checks is what rich prints without colours, to the last blank."""

from __future__ import annotations

import dataclasses
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.cli.terminal import Terminal
from simulator.console.report.checks_text import checks_text
from simulator.console.report.text import print_checks
from simulator.report.report import build_report
from simulator.report.schema import CheckPart, Report
from simulator.traffic.policy_fit import NoteKind, PolicyNote
from tests.report.fake_run import fake_run

REPORT = build_report(fake_run(texts=("p95 < 1s", "status_429 == 0")))


def of_rich(report: Report, width: int) -> str:
    file = io.StringIO()
    print_checks(report, Terminal(file=file, width=width, force_terminal=False))
    return file.getvalue()


def with_checks(*checks: CheckPart, complete: bool = True) -> Report:
    run = REPORT.run.model_copy(update={"complete": complete})
    return REPORT.model_copy(update={"checks": checks, "run": run})


WORDS = st.text("abc <=%._0123456789[]\\", max_size=24)
CHECKS = st.builds(
    REPORT.checks[0].model_copy,
    update=st.fixed_dictionaries(
        {
            "text": st.one_of(WORDS, st.just("usd_per_month < 60")),
            "passed": st.booleans(),
            "value": st.none() | st.floats(0, 1e6),
            "unit": st.sampled_from(["s", "ratio", "count", "usd"]),
            "reason": WORDS,
        }
    ),
)


@given(st.lists(CHECKS, max_size=4), st.booleans(), st.integers(60, 160))
def test_it_is_what_rich_prints(checks: list[CheckPart], complete: bool, width: int) -> None:
    report = with_checks(*checks, complete=complete)
    plain = checks_text(report, width)
    if plain is not None:
        assert plain == of_rich(report, width)


@pytest.mark.parametrize("width", [80, 120, 300])
def test_the_checks_of_usual_reports_are_printed_so(width: int) -> None:
    for report in (REPORT, with_checks(), with_checks(*REPORT.checks, complete=False)):
        assert checks_text(report, width) == of_rich(report, width)


def test_what_would_be_wrapped_is_left_to_rich() -> None:
    assert checks_text(REPORT, 20) is None
    assert checks_text(with_checks(REPORT.checks[0].model_copy(update={"text": "x" * 130})), 300) is None


@pytest.mark.parametrize("text", ["\u5e45 < 1", "a\tb", "\x1b[31mred"])
def test_characters_that_are_not_one_column_wide_are_left_to_rich(text: str) -> None:
    assert checks_text(with_checks(REPORT.checks[0].model_copy(update={"text": text})), 80) is None


def test_a_warning_about_invalid_figures_is_left_to_rich() -> None:
    notes = [PolicyNote("web", "lambda", NoteKind.CANNOT_ACT, "lambda scales on queued requests")]
    assert checks_text(build_report(dataclasses.replace(fake_run(), notes=notes)), 80) is None
