"""Compares the compiled backend with other simulators: `python -m benchmarks.compiled_backend`.

The figures are requests per second of CPU time.

- `25 instances`: independent service times, and processor sharing, with all data of a report recorded.
- Other simulators in the same run: SimPy and Ciw on M/M/10 with a queue; SimFaaS on its scale-per-request model at 100
  and 1,000 requests/s, about 30 and 250 instances. SimFaaS searches all instances for each request, while this
  simulator plays a tick of the platform each second, so that ratio depends on the rate. The others play only the model
  and append latencies to a list; this simulator plays the whole platform, so the comparison favours them.
- `instances`: 10 compared with 1,000 at the same load.
- `--day`: the WorldCup98 day, 75 million requests, with peak memory. Takes a minute.

CPU time of this process is measured, because machines are shared. The kernel is compiled (or loaded) before the first
round.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable
from functools import partial

from benchmarks.simpy_models import many_servers
from simulator.lab.compiled.compiled_backend import play_compiled
from simulator.lab.extras import MissingLibrary, needed
from simulator.report.report import build_report
from simulator.scenario.scenario import ScenarioSpec, load_scenario, read_scenario
from simulator.scenario.shipped import shipped_scenarios
from simulator.traffic.traffic import arrival_times
from simulator.world.distributions import Exponential
from simulator.world.random_streams import RandomStreams

RATE_MIN_RPS = 5_000_000.0
PEER_RATIO_MIN = 50.0
SIZES_RATIO_MAX = 3.0
DAY_S_MAX, DAY_MB_MAX = 20.0, 500.0

FLEET = """
duration: {duration_s}s
seed: 1
services:
  web:
    max_concurrency: 100
    min_size: 1
    max_size: {instances}
    initial_size: {instances}
    policy: {{name: fixed, instances: {instances}}}
    application: {{simulated: {{{application}}}}}
traffic:
  - poisson: {{rate: {rate}/s}}
"""
LINE = """
duration: {duration_s}s
seed: 1
services:
  web:
    max_concurrency: 10
    max_size: 1
    policy: fixed
    request_timeout: 10h
    overflow: {{mode: queue, wait: 10h, queue: 1000000}}
    application: {{simulated: {{io: {{exponential: {work_s}s}}}}}}
traffic:
  - poisson: {{rate: {rate}/s}}
"""
PER_REQUEST = """
duration: {duration_s}s
seed: 1
services:
  web:
    max_concurrency: 1
    min_size: 0
    max_size: 1000
    policy: scale-per-request
    balancing: newest-first
    overflow: {{mode: queue, wait: 60s, queue: 1000}}
    application: {{simulated: {{start_up: 0.2s, io: {{exponential: 0.2s}}}}}}
traffic:
  - poisson: {{rate: {rate}/s}}
"""


def fleet(instances: int, application: str, rate: float, requests: int) -> ScenarioSpec:
    text = FLEET.format(instances=instances, application=application, rate=rate, duration_s=requests / rate)
    return read_scenario(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, default=5_000_000)
    parser.add_argument("--day", action="store_true", help="also play the WorldCup98 day")
    arguments = parser.parse_args()
    print(f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    compiled_rps(fleet(25, "io: 10ms", 100, 100_000))
    _fleets(arguments.requests)
    _peers()
    _sizes(arguments.requests)
    if arguments.day:
        _day()


def compiled_rps(scenario: ScenarioSpec) -> float:
    """Return the requests per second of CPU time, including the report."""
    began_s = time.process_time()
    report = build_report(play_compiled(scenario))
    return report.requests.whole_run.requests / (time.process_time() - began_s)


def _fleets(requests: int) -> None:
    for name, application, rate in (
        ("independent", "io: {exponential: 50ms}", 20_000.0),
        ("processor sharing", "cpu: {exponential: 1ms}", 17_500.0),
    ):
        rps = compiled_rps(fleet(25, application, rate, requests))
        print(f"25 instances, {name}: {rps:,.0f} requests/s{_verdict(rps >= RATE_MIN_RPS, f'{RATE_MIN_RPS:,.0f}')}")


def _sizes(requests: int) -> None:
    small, large = (compiled_rps(fleet(size, "io: {exponential: 50ms}", 8_000.0, requests)) for size in (10, 1000))
    ratio = small / large
    print(f"1,000 instances take {ratio:.2f} x the time of 10{_verdict(ratio <= SIZES_RATIO_MAX, '3')}")


def _peers() -> None:
    rate, work_s = 8_000.0, 0.001
    ours = compiled_rps(read_scenario(LINE.format(duration_s=1_000_000 / rate, rate=rate, work_s=work_s)))
    print(f"M/M/10: {ours:,.0f} requests/s")
    _beside("SimPy", ours, lambda: _simpy_rps(rate, work_s, 100_000))
    _beside("Ciw", ours, lambda: _ciw_rps(rate, work_s, 50_000))
    for rate, seconds, theirs in ((100.0, 20_000, 30_000), (1_000.0, 2_000, 60_000)):
        ours = compiled_rps(read_scenario(PER_REQUEST.format(duration_s=seconds, rate=rate)))
        print(f"scale per request at {rate:,.0f}/s: {ours:,.0f} requests/s")
        _beside("SimFaaS", ours, partial(_simfaas_rps, rate, theirs))


def _beside(name: str, ours: float, measure: Callable[[], float]) -> None:
    try:
        theirs = measure()
    except MissingLibrary:
        print(f"  {name}: not installed (pip install -e '.[bench]')")
        return
    ratio = ours / theirs
    print(f"  {name}: {theirs:,.0f} requests/s, {ratio:.0f} x slower{_verdict(ratio >= PEER_RATIO_MIN, '50')}")


def _simpy_rps(rate: float, work_s: float, requests: int) -> float:
    scenario = read_scenario(LINE.format(duration_s=requests / rate, rate=rate, work_s=work_s))
    at_s: list[float] = list(arrival_times(scenario, RandomStreams(1), 0))
    work = Exponential(work_s).draw(RandomStreams(1).stream("work"), len(at_s)).tolist()
    began_s = time.process_time()
    many_servers(at_s, work, servers=10)
    return len(at_s) / (time.process_time() - began_s)


def _ciw_rps(rate: float, work_s: float, requests: int) -> float:
    ciw = needed("ciw")
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=rate)],
        service_distributions=[ciw.dists.Exponential(rate=1 / work_s)],
        number_of_servers=[10],
    )
    began_s = time.process_time()
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(requests / rate)
    return len(simulation.get_all_records()) / (time.process_time() - began_s)


def _simfaas_rps(rate: float, requests: int) -> float:
    simfaas = needed("simfaas.ServerlessSimulator")
    began_s = time.process_time()
    simulation = simfaas.ServerlessSimulator(
        arrival_rate=rate,
        warm_service_rate=5.0,
        cold_service_rate=2.5,
        expiration_threshold=600,
        max_time=requests / rate,
    )
    simulation.generate_trace(debug_print=False, progress=False)
    return float(simulation.total_req_count / (time.process_time() - began_s))


def _day() -> None:
    began_s = time.process_time()
    report = build_report(play_compiled(load_scenario(shipped_scenarios()["worldcup98-day"])))
    took_s = time.process_time() - began_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    fits = took_s <= DAY_S_MAX and peak_mb <= DAY_MB_MAX
    print(
        f"WorldCup98 day: {report.requests.whole_run.requests:,} requests in {took_s:.1f} s of CPU, {peak_mb:.0f} MB"
        f"{_verdict(fits, f'{DAY_S_MAX:g} s, {DAY_MB_MAX:g} MB')}"
    )


def _verdict(holds: bool, target: str) -> str:
    return "" if holds else f"  MISSED, the target is {target}"


if __name__ == "__main__":
    main()
