"""`python -m tests.lab.compiled.background.background_plays`: plays of instances with background work; exits with 1 at
a difference from a run on the virtual loop.
"""

from __future__ import annotations

import sys
from typing import Any, Final

import numpy as np

from simulator.fleet.simulated.application import BackgroundWork, SimulatedApplication
from simulator.lab.compiled.instance.instance_play import InstanceWork, play_instance
from simulator.replay.service_plans import service_plan
from simulator.world.clock import ClockKind
from simulator.world.distributions import Constant
from simulator.world.random_streams import RandomStreams
from tests.lab.compiled.instance.test_instance_play import compare, scenario_of

WORKS: Final[dict[str, Any]] = {
    "mail": {"after_requests": 0.5, "cpu": {"exponential": "12ms"}},
    "cache": {"every": "700ms", "cpu": "80ms"},
    "log": {"after_requests": 1, "cpu": "1ms"},
}
# More jobs than the instance can do: they wait by the hundreds, and some at intervals are missed.
OVERLOADED: Final[dict[str, Any]] = {
    "mail": {"after_requests": 1, "cpu": "60ms"},
    "cache": {"every": "50ms", "cpu": {"exponential": "60ms"}},
}
APPLICATIONS: Final[list[dict[str, Any]]] = [
    {"background": WORKS},
    {"background": WORKS, "cpu_order": "first_come", "parallelism": 1, "cpu_visits": 3},
    {"background": OVERLOADED, "workers": 7},
    {"background": OVERLOADED, "cpu_order": "first_come"},
    {"background": WORKS, "cpu_quota": {"period": "100ms", "cores": 2}},
]


def given_jobs() -> None:
    """Each answered request makes a job with a given CPU time; those at an interval are due from the start on."""
    application = SimulatedApplication(
        background=(BackgroundWork("mail", Constant(0), request_share=1.0), BackgroundWork("cache", Constant(0), 1.0))
    )
    settings = service_plan(scenario_of({}), "web", ClockKind.VIRTUAL).settings
    at_s = np.arange(100) * 0.1 + 0.05
    work = InstanceWork(
        at_s,
        np.full(100, 0.01),
        np.zeros(100),
        jobs_s=np.array([np.arange(1, 101) * 1e-4, np.full(100, 0.002)]),
        marks_s=(0.0, 5.0),
        since_s=-0.25,
    )
    played = play_instance(application, settings, work, RandomStreams(1))
    assert (played.status == 200).all()
    # from 0.75 s on, 10 jobs until 9.75 s; the last request ends later, the next interval passes after all
    total_s = 100 * 0.01 + sum(range(1, 101)) * 1e-4 + 10 * 0.002
    assert abs(played.cpu_s[-1] - total_s) < 1e-9, (played.cpu_s, total_s)
    assert abs(played.cpu_s[1] - (50 * 0.01 + sum(range(1, 51)) * 1e-4 + 5 * 0.002)) < 1e-9, played.cpu_s


def main() -> int:
    for more in APPLICATIONS:
        compare(scenario_of({"cpu": {"exponential": "8ms"}, "io": {"exponential": "60ms"}, **more}, duration="8s"), 250)
    given_jobs()
    sys.stdout.write(f"{len(APPLICATIONS)} applications agree\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
