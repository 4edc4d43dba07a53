from __future__ import annotations

import io

from rich.console import Console

from simulator.console.report.assumptions_table import assumptions_lines, assumptions_table
from simulator.report.assumptions import (
    AssumptionMovePart,
    AssumptionPart,
    AssumptionsPart,
    HeadlinePart,
    SetAssumptionPart,
    UnmovedAssumptionPart,
)


def figures(error_rate: float | None, hours: float = 1.5) -> HeadlinePart:
    return HeadlinePart(error_rate=error_rate, latency_p95_s=0.4382, month_usd=-12345.67, instance_hours=hours)


def assumption(setting: str, effect: float, error: str = "") -> AssumptionPart:
    moved = AssumptionMovePart(value="20s", change=None if error else figures(-0.0456), error=error)
    return AssumptionPart(
        setting=setting,
        services=["web"],
        sentence="It is so.",
        where=["rules/a.py"],
        value="32s",
        why="it may differ",
        moves=[moved, AssumptionMovePart(value="45s", change=figures(None), error="")],
        effect=effect,
        within_noise=effect <= 1,
    )


PART = AssumptionsPart(
    runs=11,
    seeds=[9_000_000_000, 9_000_000_001, 9_000_000_002],
    base=figures(0.0123),
    noise=figures(0.0007),
    ranked=[
        assumption("policy.target_utilisation", 61.23),
        assumption("policy.start_lag", 3.0),
        assumption("policy.tick", 0.5),
        assumption("wake", 0.0, error="no memory"),
    ],
    set_in_file=[SetAssumptionPart(setting="balancing", services=["web"], value="random")],
    unmoved=[UnmovedAssumptionPart(where="rules/health.py", why="the delay is no setting")],
)


def rows(part: AssumptionsPart) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=80).print(assumptions_table(part))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_the_table_fits_80_columns_and_has_only_what_exceeds_the_noise() -> None:
    lines = rows(PART)
    assert max(map(len, lines)) <= 80
    settings = [line.split()[1] for line in lines if " = " in line]
    assert settings == ["policy.target_utilisation", "policy.start_lag", "wake"]


def test_changes_have_signs_and_ratios_are_points() -> None:
    moved = next(line for line in rows(PART) if line.strip().startswith("20s"))
    assert moved.split()[:3] == ["20s", "-4.56", "pp"]
    later = next(line for line in rows(PART) if line.strip().startswith("45s"))
    assert later.split()[1] == "-"


def test_a_failed_run_is_named() -> None:
    assert any(line.split() == ["20s", "failed"] for line in rows(PART))
    assert "   With 20s the run failed: no memory" in assumptions_lines(PART)


def test_lines_say_what_is_assumed_what_is_noise_and_what_was_not_moved() -> None:
    lines = assumptions_lines(PART)
    assert lines[0] == "1. It is so. Range: it may differ (rules/a.py). Up to 61.2 times the noise."
    assert lines[-3:] == [
        "Within noise: policy.tick (20s to 45s).",
        "Set in the file, so not moved: balancing = random.",
        "Cannot be moved: the delay is no setting (rules/health.py).",
    ]


def test_a_run_without_assumptions_says_so() -> None:
    none = PART.model_copy(update={"ranked": [], "set_in_file": [], "unmoved": []})
    assert assumptions_lines(none) == ["This run depends on no assumption that a setting moves."]
