"""The demand that a supply of instances is compared with: the fewest instances that meet the SLO, per time bin.

"Demand" in SPEC's metrics is the fewest instances that meet the service level objective at the current load (facts
policies 2). The load of a bin is the work of its own requests. Queueing theory gives the number of instances that it
needs: Erlang's loss formula where requests are rejected, his delay formula where they wait, with all slots of all
instances as servers, and with the CPU time stretched as by processor sharing. 95 % of the requests have to be served
within the SLO.

A bin is long enough to estimate its load. The peak of every single second, which an oracle needs so that no request is
rejected (traffic/demand.py), is mostly noise, and following noise does not make a policy better.

Demand is counted in instances of one kind, defined by slots and vCPU. Metrics of different kinds are not comparable;
`basis_of` names the kind.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.service_spec import ServiceSpec
from simulator.traffic.demand import UTILISATION_MAX, offered_load

# Share of the requests that must be served within the SLO.
SHARE: Final = 0.95
_BIN_MIN_S: Final = 5.0
_BIN_MAX_S: Final = 60.0
_BINS: Final = 60
_NOTHING: Final = 1e30  # the inverse of a negligible share of requests
_INSTANCES_MAX: Final = 5000


def bin_s(duration_s: float) -> float:
    """Return the length of a bin: a sixtieth of the run, at least 5 s and at most a minute, in whole seconds."""
    return float(round(min(_BIN_MAX_S, max(_BIN_MIN_S, duration_s / _BINS))))


def basis_of(spec: ServiceSpec, duration_s: float) -> str:
    """Describe the kind of instance that the demand is counted in, and the demand's resolution."""
    waiting = "queues" if spec.waiting.mode == "queue" else "rejects"
    slots = f"{spec.max_concurrency} slot{'s' * (spec.max_concurrency != 1)}"
    return f"{slots}, {spec.size.vcpu:.3g} vCPU, {waiting}; by {bin_s(duration_s):g} s"


def slo_demand(scenario: ScenarioSpec, service: str, slo_s: float | None) -> NDArray[np.int64]:
    """Return the instances needed in each second of the run, constant within a bin; 0 where no request arrives.

    Raises:
        ValueError, ScenarioError: if the demand cannot be known.
    """
    width_s = bin_s(scenario.duration_s)
    counts, cpu_s, io_s = offered_load(scenario, service, width_s)
    lengths_s = np.full(len(counts), width_s)
    lengths_s[-1] = scenario.duration_s - width_s * (len(counts) - 1)
    spec = scenario.services[service]
    simulated = spec.application.simulated
    assert simulated is not None, "offered_load has looked"
    slots = min(spec.max_concurrency, simulated.workers or spec.max_concurrency)
    found = _fewest(
        counts / lengths_s,
        cpu_s / np.maximum(counts, 1),
        io_s / np.maximum(counts, 1),
        slots,
        simulated.cpu_use.usable(spec.size.vcpu),
        slo_s if spec.waiting.mode == "queue" else None,
    )
    seconds: NDArray[np.int64] = np.repeat(found, int(width_s))[: int(np.ceil(scenario.duration_s))]
    return seconds


def _fewest(
    rate_rps: NDArray[np.float64],
    cpu_s: NDArray[np.float64],
    io_s: NDArray[np.float64],
    slots: int,
    vcpu: float,
    slo_s: float | None,
) -> NDArray[np.int64]:
    """Return the fewest instances per bin.

    `slo_s`: the time limit of a request that may wait; None: requests may not wait.
    """
    fewest = np.zeros(len(rate_rps), dtype=np.int64)
    open_ = np.flatnonzero(rate_rps > 0)
    count = 0
    while len(open_) and count < _INSTANCES_MAX:
        count += 1
        rate, cpu, io = rate_rps[open_], cpu_s[open_], io_s[open_]
        used = rate * cpu / (count * vcpu)
        alone = 1 / min(1.0, vcpu)
        # An instance's CPU is shared by at most as many requests as it has slots.
        stretch = np.minimum(alone / np.maximum(1 - used, 1 - UTILISATION_MAX), max(alone, slots / vcpu))
        lasts_s = cpu * stretch + io
        enough = (used <= UTILISATION_MAX) & (_missed(rate * lasts_s, count * slots, lasts_s, slo_s) <= 1 - SHARE)
        fewest[open_[enough]] = count
        open_ = open_[~enough]
    fewest[open_] = _INSTANCES_MAX
    return fewest


def _rejected(load: NDArray[np.float64], servers: int) -> NDArray[np.float64]:
    """Return Erlang's B by the load: 1 over the sum of servers! / (servers - k)! / load^k (facts validation 2.1)."""
    inverse, term = np.ones_like(load), np.ones_like(load)
    with np.errstate(over="ignore"):  # where the inverse is that large, nothing is rejected
        for k in range(servers):
            term = term * (servers - k) / load
            inverse += term
            # The terms decrease from here on, and the remaining ones change no digit.
            if k % 16 == 0 and not np.any((term > inverse * 1e-17) & (inverse < _NOTHING)):
                break
    rejected: NDArray[np.float64] = np.where(inverse < _NOTHING, 1 / inverse, 0.0)
    return rejected


def _missed(
    load: NDArray[np.float64], servers: int, lasts_s: NDArray[np.float64], slo_s: float | None
) -> NDArray[np.float64]:
    """Return the share of the requests that are rejected, or that wait longer than the SLO allows."""
    lost = _rejected(np.maximum(load, 1e-12), servers)
    if slo_s is None:
        return lost
    spare = np.maximum(servers - load, 0.0)
    waits = np.where(load < servers, lost / np.maximum(lost + (1 - lost) * spare / servers, 1e-300), 1.0)
    patience_s = np.maximum(slo_s - lasts_s, 0.0)
    missed: NDArray[np.float64] = waits * np.exp(-spare * patience_s / np.maximum(lasts_s, 1e-12))
    return missed
