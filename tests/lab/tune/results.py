"""A result of a tuning, for tests of what is made of it."""

from typing import Any

import simulator
from simulator.lab.compare.comparison import EstimatePart
from simulator.lab.tune.result import (
    TUNE_VERSION,
    DifferencePart,
    GuaranteePart,
    PlayedPart,
    SettingPart,
    SloValuePart,
    TuneResult,
)


def setting(usd: float, *, holds: bool = True, **changes: Any) -> SettingPart:
    """Return a setting with this cost per month, and a p95 of 0.2 s (0.4 s if it fails)."""
    p95_s = 0.2 if holds else 0.4
    return SettingPart(
        changes=changes,
        text=", ".join(f"{key} {value}" for key, value in changes.items()),
        objective=EstimatePart(mean=usd, low=usd - 1, high=usd + 1),
        month_usd=usd,
        latency_p95_s=p95_s,
        error_rate=0.0,
        slo=[
            SloValuePart(
                text="p95 < 300 ms", metric="latency", unit="s", limit=0.3, mean=p95_s, worst=p95_s, days_held=5 * holds
            )
        ],
        days=5,
        holds=holds,
    )


def result(**given: Any) -> TuneResult:
    """Return a result with a choice and a runner-up, with some fields replaced."""
    fields: dict[str, Any] = {
        "tune_version": TUNE_VERSION,
        "simulator": simulator.__version__,
        "scenario": "shop",
        "file": "shop.yaml",
        "files": ["shop.yaml"],
        "slo": ["p95 < 300 ms"],
        "objective": "usd",
        "objective_unit": "usd",
        "answer": "MaxConcurrency 40, MinSize 2 holds p95 < 300 ms for 100 USD a month.",
        "choice": setting(100.0, max_concurrency=40, min_size=2),
        "nearest": None,
        "runner_up": setting(104.0, max_concurrency=30, min_size=2),
        "difference": DifferencePart(mean=4.0, low=3.0, high=5.0, ratio=0.04),
        "today": setting(140.0, max_concurrency=25, min_size=4),
        "guarantee": GuaranteePart(
            text="best within 1 % with 95 % confidence",
            indifference=0.01,
            confidence=0.95,
            days_share=0.9,
            days_judged=29,
            settings=2000,
            settings_played=120,
            settings_compared=4,
        ),
        "front": [],
        "prices": [],
        "knobs": [],
        "adverse": [],
        "played": PlayedPart(
            runs=500, exhaustive_runs=10_000, seconds=30.0, backend="auto", training_days=["seed 1"], judging_days=[]
        ),
    }
    return TuneResult(**(fields | given))
