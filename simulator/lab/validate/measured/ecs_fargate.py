"""A closed load on ECS Fargate tasks of 0.25 vCPU, as measured with k6 in 2026 (facts validation-2 V9).

Users repeat: fetch an actor, in some iterations upload a document or register and log in, then sleep for 1 s. All
services have one task of 0.25 vCPU (two in the last runs); here the one in front of the others is modelled, which all
requests pass. What login and registration wait for (Cognito), and an upload for its storage, is a delay outside of it.

Derived, because the source does not print it:

- the mix, from the row of 50 users alone. An iteration has one fetch, a uploads, b registrations with a login each, and
  each of the 2 x 50 users of warm-up and load logs in once (0.006 logins per iteration). 1.254 requests per iteration
  and their mean of 67.4 ms give a = 0.145 and b = 0.0515.
- the delays, from the quantiles of the kinds of request in that row; the time between requests, 0.823 s, from its 56.14
  requests/s and its mean.
- the CPU time of a request, from one figure of another row: 0.25 vCPU / 189.9 requests/s, the throughput of one task
  with 200 users. With 50 users the task is idle most of the time, so that row does not contain it.

All figures of the rows of 100 users and of two tasks, and the latencies of 200 users, are predictions.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject, relative
from simulator.lab.validate.measured.played import PlayedScenario

SOURCE: Final = "get-forge/forge-docs @a5eb9454, assets/performance"


class Row(NamedTuple):
    """A row of the source: means over its runs. Times in ms."""

    users: int
    tasks: int
    rate_rps: float
    mean_ms: float
    median_ms: float
    p95_ms: float
    p99_ms: float

    def __str__(self) -> str:
        return f"{self.users} users" + (f", {self.tasks} tasks" if self.tasks > 1 else "")


BASE: Final = Row(50, 1, 56.14, 67.44, 6.28, 372.8, 932.0)
SATURATED: Final = Row(200, 1, 189.90, 229.94, 157.9, 792.2, 1135.0)
ROWS: Final = (
    BASE,
    Row(100, 1, 110.90, 76.02, 7.58, 405.5, 891.0),
    SATURATED,
    Row(200, 2, 222.04, 77.14, 6.62, 395.5, 864.8),
)
LASTED_S: Final = 362.0  # warm-up and load
FIRST_S: Final = 2.0

# --- derived (docstring) ---------------------------------------------------------------------------------------------
REQUESTS_PER_ITERATION: Final = 1.254
UPLOADS: Final = 0.145
REGISTRATIONS: Final = 0.0515
FIRST_LOGINS: Final = 0.006
THINK_S: Final = BASE.users / BASE.rate_rps - BASE.mean_ms / 1000
CPU_MS: Final = 1000 * 0.25 / SATURATED.rate_rps
# Quantiles that the row of 50 users prints, as means of its runs; the p95 of all requests, 373 ms, is the p81 of login.
# Those of a fetch above its p95 (53 ms at p99) are waits for the CPU quota, so they are no delay outside.
_FETCH_QUANTILES_MS: Final = {0: 3.41, 0.5: 5.98, 0.9: 8.54, 0.95: 10.6, 1: 10.6}
_UPLOAD_QUANTILES_MS: Final = {0: 36.8, 0.5: 46.1, 0.9: 63.2, 0.95: 77.6, 0.99: 123, 1: 375}
_LOGIN_QUANTILES_MS: Final = {0: 267, 0.5: 329, 0.81: 373, 0.9: 554, 0.95: 1204, 0.99: 1498, 1: 2286}
_REGISTRATION_QUANTILES_MS: Final = {0: 726, 0.5: 858.6, 0.9: 956, 0.95: 1000, 0.99: 1212, 1: 2116}
_VALUES: Final = 100  # of a delay, equally likely


def _law(quantiles_ms: Mapping[float, float]) -> str:
    """Return a law with these quantiles, linear between them, of the delay outside of the task."""
    levels = (np.arange(_VALUES) + 0.5) / _VALUES
    delays = np.interp(levels, list(quantiles_ms), list(quantiles_ms.values()))
    values = ", ".join(f"{delay:.3f}ms" for delay in delays - CPU_MS)
    return f"{{empirical: [{values}]}}"


def text(users: int, tasks: int) -> str:
    """Return the scenario of some users and tasks."""
    kinds = {
        "fetch": (1.0, _law(_FETCH_QUANTILES_MS)),
        "upload": (UPLOADS, _law(_UPLOAD_QUANTILES_MS)),
        "login": (REGISTRATIONS + FIRST_LOGINS, _law(_LOGIN_QUANTILES_MS)),
        "register": (REGISTRATIONS, _law(_REGISTRATION_QUANTILES_MS)),
    }
    paths = ", ".join(f"/{name}: {{io: {law}}}" for name, (_, law) in kinds.items())
    requests = ", ".join(f"{{path: /{name}, weight: {share * 10_000:.0f}}}" for name, (share, _) in kinds.items())
    return f"""
duration: {LASTED_S}s
services:
  front:
    cpu: 0.25
    memory: 0.5GB
    max_concurrency: 200
    balancing: round-robin
    overflow: {{mode: queue, wait: 60s, queue: 10000}}
    min_size: {tasks}
    max_size: {tasks}
    policy: {{name: fixed, instances: {tasks}}}
    application:
      simulated:
        cpu: {CPU_MS}ms
        cpu_quota: {{}}
        paths: {{{paths}}}
traffic:
  - name: k6
    closed: {{users: {users}, begin: request, think_time: {THINK_S}s}}
    requests: [{requests}]
"""


@functools.cache
def played(users: int, tasks: int = 1) -> Row:
    """Play a row. The users' simultaneous first requests are not counted: their first logins are part of the mix."""
    run = PlayedScenario(text(users, tasks))
    latency_ms = 1000 * run.latency_s[run.intended_s >= FIRST_S]
    median, p95, p99 = (float(value) for value in np.percentile(latency_ms, [50, 95, 99]))
    return Row(users, tasks, len(latency_ms) / (LASTED_S - FIRST_S), float(latency_ms.mean()), median, p95, p99)


def findings() -> list[Finding]:
    """Return the findings of case V9: the rows from which the mix was not derived."""
    found = []
    for row in ROWS[1:]:
        simulated = played(row.users, row.tasks)
        derived = " (gives the CPU time)" if row is SATURATED else ""
        found += [
            relative(f"requests/s, {row}{derived}", row.rate_rps, simulated.rate_rps, 0.03),
            relative(f"mean latency in ms, {row}", row.mean_ms, simulated.mean_ms, 0.15),
            relative(f"median in ms, {row}", row.median_ms, simulated.median_ms, 0.25),
            relative(f"p95 in ms, {row}", row.p95_ms, simulated.p95_ms, 0.25),
            relative(f"p99 in ms, {row}", row.p99_ms, simulated.p99_ms, 0.25),
        ]
    return found


def curves() -> Sequence[Curve]:
    """Return the curves of case V9: throughput and latency of one task by the number of users."""
    users = (25, 50, 100, 150, 175, 200, 225)
    one = [row for row in ROWS if row.tasks == 1]
    label = "users"
    return [
        Curve(
            "0.25 vCPU: throughput",
            label,
            "requests/s",
            tuple((row.users, row.rate_rps) for row in one),
            tuple((number, played(number).rate_rps) for number in users),
        ),
        Curve(
            "The same: mean latency",
            label,
            "ms",
            tuple((row.users, row.mean_ms) for row in one),
            tuple((number, played(number).mean_ms) for number in users),
        ),
        Curve(
            "The same: p95",
            label,
            "ms",
            tuple((row.users, row.p95_ms) for row in one),
            tuple((number, played(number).p95_ms) for number in users),
        ),
    ]


def cases() -> list[Case]:
    return [
        Case(
            "V9",
            "Closed load on tasks of 0.25 vCPU",
            SOURCE,
            findings,
            Subject.ECS,
            Evidence.MEASUREMENT,
            "2026-05",
            "k6 users in the same VPC that sleep 1 s between iterations; every service has one task (two in the last "
            "row) of 0.25 vCPU and 0.5 GB. The mix is not published: it and the delays are derived from the row of 50 "
            "users, the CPU time of a request from the throughput with 200 users; all other figures are predictions.",
            curves,
        ),
    ]
