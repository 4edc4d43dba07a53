"""Checks that end a run as soon as they fail (`abort_on_fail`), as thresholds in k6 do."""

from __future__ import annotations

import asyncio
from typing import Final

from simulator.platform.platform import Platform
from simulator.records.events import TimelineActed
from simulator.records.series import bin_width_s
from simulator.replay.run_recorder import RunRecorder
from simulator.report.checks import CheckResult
from simulator.report.report import judged
from simulator.scenario.scenario import ScenarioSpec

# Interval between two evaluations of the checks, in seconds, as in k6.
_EVERY_S: Final = 1.0


async def aborting_check(scenario: ScenarioSpec, platform: Platform, recorder: RunRecorder) -> CheckResult:
    """Wait until an aborting check fails, and return its result.

    A check that has nothing to measure yet does not fail.
    """
    every_s = max(_EVERY_S, bin_width_s(scenario.duration_s))  # evaluate at most once per bin of the report
    checks = [check for check in scenario.checks if check.abort_after_s is not None]
    while True:
        await asyncio.sleep(every_s)
        now_s = platform.clock.at_s()
        due = [check for check in checks if now_s >= scenario.warm_up_s + (check.abort_after_s or 0.0)]
        if not due:
            continue
        for result in judged(recorder.record(platform, {}, complete=False), due):
            if not result.passed and result.value is not None:
                detail = f"{result.expression.text}: {result.reason}"
                platform.journal.record(TimelineActed(now_s, "abort_on_fail", detail))
                return result


def is_aborting(scenario: ScenarioSpec) -> bool:
    """Return True if any check may end the run."""
    return any(check.abort_after_s is not None for check in scenario.checks)
