"""Plays each scenario of its folder live and in virtual time, and compares: `python -m benchmarks.live_beside_virtual`.

Live, instances are local processes behind the load balancer on 127.0.0.1, and the requests go over TLS. From the live
run the service times are taken as a law (as `run --measured-service-time` writes it), and the time of a start; virtual
time is played with them. A scenario takes a minute; a run needs about a quarter of a core.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.live_beside_virtual.alignment import courses_apart
from simulator import Scenario
from simulator.report.schema import Report, RequestsPart
from simulator.rules.policies import readiness
from simulator.scenario.changes import parse_value

FOLDER: Final = Path(__file__).parent / "scenarios"
DECISION_S: Final = 2.0
LOSS_POINTS: Final = 3.0
LATENCY_SHARE: Final = 0.1
WHERE_MAX: Final = 40
_PERCENT: Final = 100.0


class Compared(NamedTuple):
    """One figure of both runs, with its difference beside the bound."""

    figure: str
    live: str
    virtual: str
    difference: str
    bound: str
    holds: bool


def main() -> None:
    names = sorted(file.stem for file in FOLDER.glob("*.yaml"))
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", action="append", choices=names, help="only this scenario; may be repeated")
    arguments.add_argument("--reports", type=Path, metavar="FOLDER", help="keep the reports of both runs there")
    given = arguments.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory() as state:
        for name in given.only or names:
            print(f"{name}: load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
            live, virtual, told = both(name, Path(state))
            if given.reports is not None:
                given.reports.mkdir(parents=True, exist_ok=True)
                for kind, report in (("live", live), ("virtual", virtual)):
                    (given.reports / f"{name}-{kind}.json").write_text(report.model_dump_json(), encoding="utf-8")
            rows = list(compared(live, virtual))
            missed += sum(not row.holds for row in rows)
            print("\n".join(f"  {line}" for line in [*told, *table(rows)]), flush=True)
    print(f"{missed} figures outside their bounds" if missed else "all figures within their bounds")


def both(name: str, state: Path) -> tuple[Report, Report, list[str]]:
    """Return the reports of both runs, and what was measured."""
    scenario = Scenario(FOLDER / f"{name}.yaml")
    live = scenario.run(clock="real", state=state).report
    assert live.service_times is not None, "each scenario has a real and a simulated application"
    (route,) = live.service_times.routes
    measured, modelled = route.measured, route.modelled
    start_s = starts_s(live)
    changes = {
        f"services.{law.service}.{'.'.join(law.setting)}": parse_value(law.yaml) for law in live.service_times.laws
    }
    told = [
        f"service time p50 {ms(measured.p50_s)}, p95 {ms(measured.p95_s)} of {measured.requests} requests",
        f"in the file {ms(modelled.p50_s)}, which the measured law replaces",
        f"load generator: 99 % sent within {ms(live.generator.late_p99_s or 0)}",
    ]
    # App Runner probes a start each second, so its length says little about when the application listened. A platform
    # whose starts are shorter probes at once.
    if start_s and max(start_s) < readiness.APP_RUNNER_S:
        changes["services.web.application.simulated.start_up"] = f"{statistics.median(start_s) * 1e3:.0f}ms"
    if start_s:
        told.append(f"starts until ready: {', '.join(ms(seconds) for seconds in start_s)}")
    return live, scenario.change(changes).run().report, told


def starts_s(live: Report) -> list[float]:
    """Return the times from launch to ready of the instances that started during the run."""
    launched: dict[int, float] = {}
    times = []
    for event in live.services[0].instance_events:
        if event.after == "starting":
            launched[event.instance] = event.at_s
        elif event.before == "starting" and event.after in {"active", "idle"} and event.at_s > 0:
            times.append(event.at_s - launched[event.instance])
    return times


def compared(live: Report, virtual: Report) -> Iterator[Compared]:
    for figure, apart in courses_apart(live, virtual).items():
        difference = "missing" if math.isinf(apart.seconds) else f"{apart.seconds:.2f} s"
        yield Compared(
            figure,
            shortened(apart.where) if apart.seconds else "",
            "",
            difference,
            f"{DECISION_S:g} s",
            holds=apart.seconds <= DECISION_S,
        )
    ours, theirs = live.requests, virtual.requests
    waits_s = cold_wait_s(ours), cold_wait_s(theirs)
    yield Compared(
        "wait for a start or wake", ms(waits_s[0]), ms(waits_s[1]), f"{waits_s[0] - waits_s[1]:+.2f} s",
        f"{DECISION_S:g} s", holds=abs(waits_s[0] - waits_s[1]) <= DECISION_S,
    )  # fmt: skip
    yield Compared(
        "requests", str(ours.requests), str(theirs.requests), str(ours.requests - theirs.requests), "0",
        holds=ours.requests == theirs.requests,
    )  # fmt: skip
    points = ((ours.error_rate or 0) - (theirs.error_rate or 0)) * _PERCENT
    yield Compared(
        "error rate", f"{(ours.error_rate or 0) * _PERCENT:.2f} %", f"{(theirs.error_rate or 0) * _PERCENT:.2f} %",
        f"{points:+.2f} points", f"{LOSS_POINTS:g} points", holds=abs(points) <= LOSS_POINTS,
    )  # fmt: skip
    for name in ("p50_s", "p95_s"):
        mine, yours = (float(getattr(part.latency, name)) for part in (ours, theirs))
        share = mine / yours - 1
        yield Compared(
            f"latency {name.removesuffix('_s')}", ms(mine), ms(yours), f"{share * _PERCENT:+.1f} %",
            f"{LATENCY_SHARE * _PERCENT:g} %", holds=abs(share) <= LATENCY_SHARE,
        )  # fmt: skip


def cold_wait_s(requests: RequestsPart) -> float:
    """Return the mean wait of the requests that waited for an instance to start or wake."""
    return (requests.cold.mean_s or 0) * requests.served / requests.cold_starts if requests.cold_starts else 0.0


def table(rows: list[Compared]) -> list[str]:
    head = ("figure", "live", "virtual", "difference", "bound", "")
    cells = [head, *((*row[:5], "holds" if row.holds else "MISSED") for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def shortened(where: str) -> str:
    return where if len(where) <= WHERE_MAX else f"{where[: WHERE_MAX // 2]}...{where[-WHERE_MAX // 2 :]}"


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms"


if __name__ == "__main__":
    main()
