"""Deployments of Azure Container Apps in single revision mode as measured by Y. Choe in April 2026 (facts validation-2
V8).

A client sends one request after the other while the app gets a new revision. None of the requests failed, in any
variant; the first answer of the new revision came 33 s after the command, the last of the old one 32 s after it. An
application that calls itself ready 10 s after its start, without a readiness probe, answered 4 requests before.

The start of the new revision has the stages of the starts from zero (container_apps_start.py), so V8 tests whether
these hold for deployments too.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Iterable
from functools import partial
from typing import Final, NamedTuple

from simulator.lab.validate.case import Case, Evidence, Finding, Subject, within
from simulator.lab.validate.measured.container_apps import PULL, SOURCE
from simulator.lab.validate.measured.played import PlayedScenario

# The answers take 0.59 s on average, and the client waits 0.2 s between two requests.
ANSWER_S: Final = 0.59
PAUSE_S: Final = 0.2
SWAP_S: Final = 32.0
NOT_READY_S: Final = 10.0
NOT_READY: Final = 4
DEPLOYMENTS: Final = 40
# No multiple of the client's round, so that each deployment finds another phase of it.
EVERY_S: Final = 151.7


class RevisionSwap(NamedTuple):
    """A deployment: seconds from the command until the last answer of the old revision and the first of the new one,
    and the answers in the first 10 s of the new application.
    """

    last_old_s: float
    first_new_s: float
    early: int


def _text(min_size: int) -> str:
    deployments = ", ".join(f"{{at: {EVERY_S * (number + 1):g}s, deploy: {{}}}}" for number in range(DEPLOYMENTS))
    return f"""
duration: {EVERY_S * (DEPLOYMENTS + 1):g}s
services:
  app:
    cpu: 0.25
    memory: 0.5GB
    min_size: {min_size}
    initial_size: 1
    max_size: 3
    max_concurrency: 200
    overflow: {{mode: queue, wait: 120s, queue: 1000}}
    policy: container-apps
    deployment: revision-swap
    application: {{simulated: {{io: {ANSWER_S}s, image: {PULL}}}}}
traffic:
  - closed: {{users: 1, think_time: {PAUSE_S}s}}
timeline: [{deployments}]
"""


@functools.cache
def played(min_size: int) -> PlayedScenario:
    return PlayedScenario(_text(min_size))


@functools.cache
def swaps(min_size: int = 1) -> tuple[RevisionSwap, ...]:
    """Return the deployments of a run."""
    run, found = played(min_size), []
    answered_s = run.intended_s + run.latency_s
    for number in range(1, DEPLOYMENTS + 1):
        command_s = EVERY_S * number
        inside = (run.intended_s >= command_s) & (run.intended_s < command_s + EVERY_S)
        new = int(run.instance[inside].max())
        of_new, of_old = inside & (run.instance == new), inside & (run.instance < new)
        ready_s = run.launched_s(new) + NOT_READY_S
        found.append(
            RevisionSwap(
                float(answered_s[of_old].max()) - command_s,
                float(answered_s[of_new].min()) - command_s,
                int((of_new & (answered_s < ready_s)).sum()),
            )
        )
    return tuple(found)


def revision_swaps() -> list[Finding]:
    """Case V8. The tolerance of the swap, 10 s, is 12 answers of the client, so 1 to 12 early ones agree with it."""
    ours, warm = swaps(), swaps(0)
    failed = sum(int((played(min_size).status != 200).sum()) for min_size in (1, 0))
    return [
        Finding("failed requests, minimum 1 and 0", 0, failed),
        Finding("seconds until the last old answer, median", SWAP_S, _median(swap.last_old_s for swap in ours), 10.0),
        Finding("the same with minimum 0, while a replica is there", SWAP_S, _median(s.last_old_s for s in warm), 10.0),
        within("answers in the first 10 s of the application", 1, 12, _median(swap.early for swap in ours)),
    ]


def _median(values: Iterable[float]) -> float:
    return float(statistics.median(values))


def cases() -> list[Case]:
    case = partial(Case, source=SOURCE, subject=Subject.CONTAINER_APPS, evidence=Evidence.MEASUREMENT)
    return [
        case(
            "V8",
            "Revision swap in single mode",
            run=revision_swaps,
            dated="2026-04-12",
            set_up="A new image under one request after the other: 300 requests in each variant, none failed. The "
            "stages of a start are those of the starts from zero (V3). 4 answers came in the first 10 s of an "
            "application without a readiness probe.",
        ),
    ]
