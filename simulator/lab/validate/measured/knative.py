"""Knative as measured by Mahmoudi and Khazaei in 2021: response and concurrency by the rate per pod.

Facts validation-2 V13 and V14. V13: `autoscale-go` sleeps 500 ms and computes for 16 ms; regressions over all its runs.
Its response is the service time here, so the case tests the concurrency. V14: a service of 0.17 to 0.21 s in RPS mode
with target 1; the published client time of each rate is the service time here.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject, relative
from simulator.lab.validate.ground_truth import rows
from simulator.lab.validate.measured.played import PlayedScenario

SOURCE: Final = "pacslab/conc-value-perf-modelling @156320c3, arXiv 2202.11247"
WARM_UP_S: Final = 600.0
END_S: Final = 7800.0
# Rates and targets whose rate per pod is within the range of the regression, about 3/s.
RATES_RPS: Final = (5, 10, 20)
TARGETS: Final = (1, 2)
_AT_TWO: Final = (
    "an independent program of the same rule gives 3.305 pods at 2/s too (validation 20); why 3.122 were measured is "
    "not known"
)


class PodLoad(NamedTuple):
    """The load of the pods of a run: means over time. `concurrency`: requests in a pod."""

    pods: float
    rate_rps: float
    response_s: float
    concurrency: float


def _text(rate_rps: float, policy: str, io_s: float) -> str:
    return f"""
duration: {END_S:g}s
services:
  function:
    max_concurrency: 10
    min_size: 1
    max_size: 60
    policy: {policy}
    application: {{simulated: {{io: {io_s}s}}}}
traffic:
  - poisson: {{rate: {rate_rps}/s}}
"""


def _load(text: str) -> PodLoad:
    played = PlayedScenario(text)
    pods = played.ready.instance_seconds(WARM_UP_S, END_S) / (END_S - WARM_UP_S)
    rate_rps, response_s = played.rate_rps(WARM_UP_S, END_S), played.mean_latency_s(WARM_UP_S, END_S)
    return PodLoad(pods, rate_rps / pods, response_s, rate_rps * response_s / pods)


@functools.cache
def concurrency_mode(rate_rps: int, target: int) -> PodLoad:
    """Play V13's service with a target of so many concurrent requests per pod."""
    return _load(_text(rate_rps, f"{{name: knative, target: {target}}}", 0.5163))


def responses() -> list[Finding]:
    """Return the findings of case V13: response and concurrency by the regressions at the simulated rate per pod.

    They must be within 5 %.
    """
    law = rows("pacslab/knative_response_regressions.csv")[0]
    found = []
    for rate_rps in RATES_RPS:
        for target in TARGETS:
            load = concurrency_mode(rate_rps, target)
            response_s, concurrency = (_polynomial(law, name, load.rate_rps) for name in ("resp_s", "metric"))
            at = f"at {rate_rps}/s, target {target}"
            found.append(relative(f"mean response {at}", response_s, load.response_s, 0.05))
            found.append(relative(f"concurrency {at}", concurrency, load.concurrency, 0.05))
    return found


def _polynomial(law: dict[str, str], name: str, x: float) -> float:
    return sum(float(law[f"{name}_c{power}"]) * x**power for power in range(3))


@functools.cache
def rps_mode() -> tuple[tuple[dict[str, str], PodLoad], ...]:
    """Play the rates of V14. Return each row with its load."""
    policy = "{name: knative, metric: rps, target: 1, panic_threshold: 10}"
    return tuple(
        (row, _load(_text(float(row["offered_rps"]), policy, float(row["client_s"]))))
        for row in rows("pacslab/knative_rps_mode_target1.csv")
    )


def rates_per_pod() -> list[Finding]:
    """Return the findings of case V14: pods, rate per pod, concurrency, within twice the published interval or 4 %."""
    found = []
    for row, load in rps_mode():
        at = f"at {row['offered_rps']}/s"
        for figure, name, interval, value in (
            ("mean ready pods", "ready_pods", "ready_ci95", load.pods),
            ("rate per pod", "rate_per_pod", "rate_per_pod_ci95", load.rate_rps),
            ("concurrency", "conc_window_avg", "conc_ci95", load.concurrency),
        ):
            expected = float(row[name])
            tolerance = max(2 * float(row[interval]), 0.04 * expected)
            found.append(
                Finding(f"{figure} {at}", expected, value, tolerance, _AT_TWO if row["offered_rps"] == "2" else "")
            )
    return found


def curves() -> Sequence[Curve]:
    """Return the curve of case V14: the rate per pod by the rate."""
    published = tuple((float(row["offered_rps"]), float(row["rate_per_pod"])) for row, _ in rps_mode())
    simulated = tuple((float(row["offered_rps"]), load.rate_rps) for row, load in rps_mode())
    return [Curve("RPS mode, target 1", "requests/s", "requests/s of a pod", published, simulated)]


def cases() -> list[Case]:
    case = partial(Case, source=SOURCE, subject=Subject.KNATIVE, evidence=Evidence.MEASUREMENT, dated="2021")
    return [
        case(
            "V13",
            "Response over the rate per pod",
            run=responses,
            set_up="autoscale-go of 0.516 s, container limit 10, targets of 1 and 2 requests in a pod, an hour each. "
            "The authors' regressions at the simulated rate per pod are expected.",
        ),
        case(
            "V14",
            "RPS mode, rate per pod and concurrency",
            run=rates_per_pod,
            set_up="The KPA by requests per second, target 1 at 70 %, panic threshold 1000 %, an hour for each rate.",
            curves=curves,
        ),
    ]
