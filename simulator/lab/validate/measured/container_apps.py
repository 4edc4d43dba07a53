"""Azure Container Apps from zero as measured by Y. Choe in April 2026 (facts validation-2 V3).

A request every seven minutes finds the app at zero. Published are five of them with time stamps of the client, of the
application and of the platform's event log. The stages of a start are ranges of the same five runs
(container_apps_start.py), so V3 tests how they add up: polls, probes, the pull, the queue at the ingress, and the way
back to zero.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject, relative
from simulator.lab.validate.ground_truth import rows
from simulator.lab.validate.measured.played import PlayedScenario

SOURCE: Final = "yeongseon/azure-paas-troubleshooting-labs @c2771409"
FOLDER: Final = "container_apps"
_RUNS: Final = "aca_scale_from_zero_2026-04-10.csv"
_EVENTS: Final = "aca_scale_from_zero_events_2026-04-10.csv"
# The event log has the pull's own time in each start: 52.4 MB in 2.2 to 3.9 s, 2.4 s in the median.
PULL: Final = "{layers: {app: 52428800}, bandwidth: 22 MB/s}"
# The measured requests are 377 to 429 s apart. The period is no multiple of a poll, so the phase varies.
EVERY_S: Final = 417.0
STARTS: Final = 60


class StartFromZero(NamedTuple):
    """A start from zero in seconds: until the client's answer, until the application started, from then to the answer,
    and from the answer until the service was at zero.
    """

    client_s: float
    application_s: float
    delivery_s: float
    to_zero_s: float


def _text() -> str:
    return f"""
duration: {STARTS * EVERY_S:g}s
services:
  app:
    cpu: 0.25
    memory: 0.5GB
    min_size: 0
    max_size: 3
    max_concurrency: 200
    overflow: {{mode: queue, wait: 120s, queue: 1000}}
    policy: container-apps
    application: {{simulated: {{io: 20ms, image: {PULL}}}}}
traffic:
  - clock: {{rate: {3600 / EVERY_S!r}/h}}
"""


@functools.cache
def played() -> PlayedScenario:
    return PlayedScenario(_text())


@functools.cache
def simulated() -> tuple[StartFromZero, ...]:
    """Play V3's request again and again."""
    run, found = played(), []
    for sent_s, client_s in zip(run.intended_s, run.latency_s, strict=True):
        application_s = run.first_launch_s(sent_s) - sent_s
        zero_s = run.first_zero_s(sent_s + client_s) - sent_s - client_s
        found.append(StartFromZero(client_s, application_s, client_s - application_s, zero_s))
    return tuple(found[:-1])  # the run ends before the last one is at zero


def published() -> tuple[StartFromZero, ...]:
    """Return the five measured starts. The time until zero is that of the log's next KEDAScaleTargetDeactivated."""
    zeros = [
        datetime.fromisoformat(row["time_utc"][:26] + "+00:00")
        for row in rows(f"{FOLDER}/{_EVENTS}")
        if row["reason"] == "KEDAScaleTargetDeactivated"
    ]
    found = []
    for row in rows(f"{FOLDER}/{_RUNS}"):
        sent, client_s = datetime.fromisoformat(row["request_utc"]), float(row["client_latency_s"])
        idle_s = next(((zero - sent).total_seconds() - client_s for zero in zeros if zero > sent), math.inf)
        parts = float(row["request_to_app_start_s"]), float(row["app_start_to_response_s"])
        found.append(StartFromZero(client_s, *parts, idle_s))
    return tuple(found)


def _medians(starts: Sequence[StartFromZero]) -> StartFromZero:
    columns = zip(*starts, strict=True)
    return StartFromZero(*(statistics.median(filter(math.isfinite, column)) for column in columns))


def from_zero() -> list[Finding]:
    """Case V3: medians of the client's time and its parts, the shortest start, and the way back to zero."""
    theirs, ours = _medians(published()), _medians(simulated())
    shortest_s, median_s = min(start.client_s for start in published()), min(start.client_s for start in simulated())
    return [
        relative("seconds until the answer, median", theirs.client_s, ours.client_s, 0.15),
        Finding("the shortest start", shortest_s, median_s, 3.0),
        Finding("seconds until the application starts, median", theirs.application_s, ours.application_s, 3.0),
        Finding("from there to the answer, median", theirs.delivery_s, ours.delivery_s, 3.0),
        # KEDA polls every 30 s, so a median of four is known to half a poll.
        Finding("from the answer to zero, median", theirs.to_zero_s, ours.to_zero_s, 15.0),
        Finding("failed requests", 0, int((played().status != 200).sum())),
    ]


def curves() -> Sequence[Curve]:
    """Case V3: the times until the answer in ascending order, over the share of the starts."""

    def ascending(starts: Sequence[StartFromZero]) -> tuple[tuple[float, float], ...]:
        return tuple(
            ((place + 0.5) / len(starts), client_s)
            for place, client_s in enumerate(sorted(start.client_s for start in starts))
        )

    label, unit = "share of the starts", "seconds until the answer"
    return [Curve("From zero", label, unit, ascending(published()), ascending(simulated()))]


def cases() -> list[Case]:
    case = partial(Case, source=SOURCE, subject=Subject.CONTAINER_APPS, evidence=Evidence.MEASUREMENT)
    return [
        case(
            "V3",
            "From zero",
            run=from_zero,
            dated="2026-04-10",
            set_up="A request to an app at zero: Flask in a 50 MB image, 0.25 vCPU, HTTP rule 10, Korea Central, five "
            "starts. The stages of a start are ranges of the same runs.",
            curves=curves,
        ),
    ]
