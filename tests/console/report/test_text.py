from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable

import pytest
from rich.console import Console

from simulator.console.report.text import print_checks, print_report
from simulator.records.events import Event
from simulator.records.request_stats import StatsBySource
from simulator.report.report import RunRecord, build_report
from simulator.report.schema import Report
from simulator.traffic.policy_fit import NoteKind, PolicyNote
from tests.records.rows import Row, tell
from tests.report.fake_run import FACTS, decided, fake_run


def shown(record: RunRecord, width: int = 80) -> str:
    file = io.StringIO()
    print_report(build_report(record), Console(file=file, width=width, force_terminal=False))
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    many: list[Event] = [*FACTS, *(decided(100 + n * 0.1, 1 + n % 2, 2 - n % 2) for n in range(100))]
    text = shown(dataclasses.replace(fake_run(), events=many), width)
    assert max(map(len, text.splitlines())) <= min(width, 120)


def test_percentiles_fit_into_one_line_of_80_columns() -> None:
    (served,) = (line for line in shown(fake_run()).splitlines() if line.startswith("served  ") and "ms" in line)
    assert served.count(" ms") == 8


def test_verdicts_are_words_and_not_only_colours() -> None:
    lines = shown(fake_run(texts=("p95 < 1s", "status_429 == 0"))).splitlines()
    assert any(line.startswith("p95 < 1s") and "pass" in line for line in lines)
    assert any(line.startswith("status_429 == 0") and "FAILED" in line and "100" in line for line in lines)
    assert lines[-1].strip() == "1 of 2 checks FAILED"


def test_a_check_without_data_names_what_is_missing() -> None:
    text = shown(dataclasses.replace(fake_run(texts=("scale_out_delay < 60s",)), events=()))
    assert "no decision raised" in text


def test_a_decision_is_shown_with_its_formula_reason_and_clamps() -> None:
    text = shown(fake_run())
    assert "1 > 3" in text
    assert "ceil(20.0 / (0.7 x 10)) = 3 [max_size 3]" in text
    assert "20 requests in flight on average" in text


def test_brackets_in_a_reason_are_not_taken_for_markup() -> None:
    event = decided(20.0, 1, 2)._replace(reason="window [10, 20) [bold]was full")
    assert "[10, 20) [bold]was full" in shown(dataclasses.replace(fake_run(), events=[event]))


def test_many_decisions_are_shortened_to_the_first_and_the_last() -> None:
    many = [decided(float(n), 1 + n % 2, 2 - n % 2) for n in range(40)]
    text = shown(dataclasses.replace(fake_run(), events=many))
    assert "... 28 more" in text
    decision_times = [line[: line.index(" s ") + 2].strip() for line in text.splitlines() if " > " in line]
    assert (decision_times[0], decision_times[-1], len(decision_times)) == ("0 s", "39 s", 12)


def test_an_interrupted_run_is_marked() -> None:
    text = shown(dataclasses.replace(fake_run(), ended_s=50.0, complete=False))
    assert "Interrupted: the planned duration was 2m00s." in text


@pytest.mark.case("X13d")
def test_an_interrupted_run_has_no_verdict_and_its_month_names_its_basis() -> None:
    half = dataclasses.replace(fake_run(texts=("p95 < 1s",)), ended_s=50.0, complete=False)
    text = shown(half)
    assert "pass" not in text
    assert "pass" not in text.rpartition("checks")[2]
    assert "interrupted: not judged" in text
    assert "The month extrapolates the 50 s that were played, not the 2m00s that were planned." in " ".join(
        text.split()
    )
    assert not build_report(half).passed


@pytest.mark.case("X1")
def test_a_warning_about_invalid_figures_comes_before_them() -> None:
    notes = [
        PolicyNote("web", "lambda", NoteKind.CANNOT_ACT, "lambda scales on queued requests"),
        PolicyNote("web", "lambda", NoteKind.BROUGHT, "lambda brings a queue"),
    ]
    record = dataclasses.replace(fake_run(), notes=notes)
    text = shown(record)
    assert text.index("Warning: lambda scales on queued requests.") < text.index("lambda brings a queue.")
    assert text.index("lambda brings a queue.") < text.index("requests:")
    quiet = io.StringIO()
    print_checks(build_report(record), Console(file=quiet, width=80))
    assert "Warning: lambda scales on queued requests." in quiet.getvalue()


def test_a_terminal_without_unicode_gets_plain_curves() -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    print_report(build_report(fake_run()), Console(file=file, width=80))
    file.flush()
    assert b"offered     " in raw.getvalue()


@pytest.mark.case("L49")
@pytest.mark.parametrize("printed", [print_report, print_checks])
def test_a_late_generator_is_reported_beside_the_checks_too(printed: Callable[[Report, Console], None]) -> None:
    stats_by_source = StatsBySource(2)
    tell(stats_by_source.read, *(Row(late_s=0.2) for _ in range(50)))
    file = io.StringIO()
    printed(
        build_report(dataclasses.replace(fake_run(), stats_by_source=stats_by_source)), Console(file=file, width=80)
    )
    words = " ".join(file.getvalue().split())
    assert "Warning: The load generator could not keep up: 100 % of the requests" in words
    assert words.count("could not keep up") == 1
