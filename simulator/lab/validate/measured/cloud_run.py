"""Google Cloud Run's cold starts by language, as read off published plots (facts validation-2 V20).

A service was called every half hour, so that each call found no instance. The law of the policy `cloud-run` has the
range and the mean of the same plots: the case tests that the parts of a start, and the queue in front of it, add up to
them, for every call from zero.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final, get_args

from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject, within
from simulator.lab.validate.measured.played import PlayedScenario
from simulator.rules.policies.cloud_run import Language

SOURCE: Final = "knmts.com/350, March 2024"
CALLS: Final = 336  # a week of half hours
# Idle instances are kept for 15 min at most after the minute in which their request counts: well within the half hour
# between the calls. Here both are shorter.
EVERY_S: Final = 120
IDLE_S: Final = 30
# Published ranges of the cold starts and of their means, seconds. A mean of 3 s is known to half a second, one below
# 0.1 s is above the shortest start.
RANGES_S: Final[dict[Language, tuple[float, float]]] = {
    "python": (1, 3),
    "nodejs": (2, 7),
    "go": (0.05, 0.25),
    "c++": (0.05, 0.3),
    "rust": (0.05, 0.2),
}
MEANS_S: Final[dict[Language, tuple[float, float]]] = {
    "python": (1.5, 2),
    "nodejs": (2.5, 3.5),
    "go": (0.10, 0.15),
    "c++": (0.05, 0.1),
    "rust": (0.05, 0.1),
}


@functools.cache
def played(language: Language) -> PlayedScenario:
    return PlayedScenario(f"""
duration: {CALLS * EVERY_S}s
services:
  hello:
    cpu: 1
    memory: 2GB
    min_size: 0
    max_size: 10
    max_concurrency: 80
    overflow: {{mode: queue, wait: 30s, queue: 1000}}
    policy: {{name: cloud-run, language: "{language}", idle: {IDLE_S}s}}
    application: {{simulated: {{cpu: 1ms}}}}
traffic:
  - clock: {{rate: {3600 // EVERY_S}/h}}
""")


def cold_starts() -> list[Finding]:
    """Return the findings of case V20: the mean of each language, and the starts within its range.

    One start in a hundred may be outside, because the range was read off a plot.
    """
    findings = []
    for language in get_args(Language):
        run = played(language)
        low_s, high_s = RANGES_S[language]
        inside = float(((run.latency_s >= low_s) & (run.latency_s <= high_s)).mean())
        warm = sum(run.ready.at(float(at_s)) for at_s in run.intended_s)
        findings += [
            within(f"{language}: mean cold start, s", *MEANS_S[language], float(run.latency_s.mean())),
            Finding(f"{language}: share of the starts from {low_s:g} to {high_s:g} s", 1.0, inside, 0.01),
            Finding(f"{language}: calls that found an instance", 0, warm),
        ]
    return findings


def curves() -> Sequence[Curve]:
    """Return the curve of case V20: the mean of each language with the middle of the published one."""
    languages = get_args(Language)
    return [
        Curve(
            f"Mean cold start: {', '.join(languages)}",
            "language, in this order",
            "seconds",
            tuple((float(number), sum(MEANS_S[language]) / 2) for number, language in enumerate(languages, 1)),
            tuple(
                (float(number), float(played(language).latency_s.mean()))
                for number, language in enumerate(languages, 1)
            ),
        )
    ]


def cases() -> list[Case]:
    return [
        Case(
            "V20",
            "Cold starts by language",
            SOURCE,
            cold_starts,
            Subject.CLOUD_RUN,
            Evidence.MEASUREMENT,
            "2024-03-20",
            "1 vCPU and 512 MiB without boost, a call every half hour for a week, by eye from plots. The law's range "
            "and mean are of the same plots.",
            curves,
        ),
    ]
