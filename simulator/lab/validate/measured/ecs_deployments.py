"""The length of an update of Amazon ECS Express Mode, as two users report it (facts validation-2 V18).

A Terraform issue of April 2026 names about 10 minutes until the service is stable, an account of a deployment in
eu-south-2 a canary of about 12 minutes. Neither describes its load, its image or its clock, so the case is a band: the
sum of the documented parts, the start of a task and the deregistration of the old ones must be within it.

`without_delay_min` returns the length if the old tasks end as soon as they have no requests, the other reading of the
deregistration delay; it does not agree with either report.
"""

from __future__ import annotations

import functools
from typing import Final

from simulator.lab.validate.case import Case, Evidence, Finding, Subject, within
from simulator.lab.validate.measured.played import PlayedScenario

SOURCE: Final = (
    "hashicorp/terraform-provider-aws#47377; an account of a deployment in eu-south-2 (facts, ECS Express 4)"
)
LEAST_MIN: Final = 10.0
GREATEST_MIN: Final = 12.0
TOLERANCE: Final = 0.2
UPDATES: Final = 12
# No multiple of a minute, so that each update finds another phase of the alarm and of the health checks.
EVERY_S: Final = 1207.0


def _text(deployment: str) -> str:
    updates = ", ".join(f"{{at: {EVERY_S * number + 60:g}s, deploy: {{}}}}" for number in range(UPDATES))
    return f"""
duration: {EVERY_S * UPDATES + 60:g}s
services:
  web:
    platform: ecs-express
    deployment: {deployment}
    application: {{simulated: {{io: 100ms}}}}
traffic:
  - clock: {{rate: 1/s}}
timeline: [{updates}]
"""


@functools.cache
def lengths_min(deployment: str = "canary") -> tuple[float, ...]:
    """Return the minutes from each update until the deployment has ended."""
    run = PlayedScenario(_text(deployment))
    ended_s = [at_s for at_s, line in run.lines if ": SUCCESSFUL" in line]
    begun_s = [EVERY_S * number + 60 for number in range(UPDATES)]
    return tuple((end_s - begin_s) / 60 for begin_s, end_s in zip(begun_s, ended_s, strict=True))


def without_delay_min() -> float:
    """Return the mean length in minutes if the old tasks are stopped as soon as they have no requests."""
    lengths = lengths_min("{strategy: canary, whole_delay: false}")
    return sum(lengths) / len(lengths)


def update_length() -> list[Finding]:
    """Case V18: the mean, the shortest and the longest update, in the band of both reports and the tolerance."""
    lengths = lengths_min()
    least, greatest = LEAST_MIN * (1 - TOLERANCE), GREATEST_MIN * (1 + TOLERANCE)
    return [
        within("minutes until the old tasks have stopped, mean", least, greatest, sum(lengths) / len(lengths)),
        within("the shortest update", least, greatest, min(lengths)),
        within("the longest update", least, greatest, max(lengths)),
    ]


def cases() -> list[Case]:
    return [
        Case(
            "V18",
            "Length of an update of Express Mode",
            SOURCE,
            update_length,
            Subject.ECS,
            Evidence.MEASUREMENT,
            "2026-04",
            "A canary of 5 % for 3 min, all traffic for 3 min, deregistration of 300 s. Two users report 10 and 12 "
            "min; load, image and clock are not described, so it is a band.",
        ),
    ]
