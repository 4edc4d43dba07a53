"""Scale per request in the steady state, against SimFaaS (validation case 1; pacslab/simfaas, notebook 02).

Poisson arrivals at 0.9/s, exponential service of 1.991 s on average, an instance per request without a free one, the
newest idle instance first, expiry after 600 idle seconds. SimFaaS, one run of 10^6 s: 7.6910 instances, 1.7971 of them
running, 1183 cold starts in 900,020 requests.

SimFaaS gives a cold request a service of 2.244 s; here a start takes no time and the request is served like any other,
which shortens 0.13 % of the services by a quarter of a second: 0.02 % of the running mean, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pytest

from simulator.assembly import Platform, ServicePlan
from simulator.fleet.application import SimulatedApplication
from simulator.fleet.settings import PoolSettings
from simulator.model.health import HealthCheck
from simulator.model.scaling import AutoScalingConfiguration
from simulator.records.instance_time import InstanceTime
from simulator.replay.clients import OpenClient
from simulator.rules.admission import Overflow
from simulator.rules.policies.scale_per_request import ScalePerRequestParameters, ScalePerRequestPolicy
from simulator.world.chance import Chance
from simulator.world.laws import Exponential
from tests.theory.stations import Rows, arrive_and_drain
from tests.virtual import run_virtual

RATE_RPS: Final = 0.9
SERVICE_S: Final = 1.991
INSTANCES: Final = 7.6910
RUNNING: Final = 1.7971
P_COLD: Final = 1183 / 900_020


@dataclass(frozen=True)
class Steady:
    """What a run showed: time averages from its beginning, empty, as SimFaaS counts them."""

    instances: float
    running: float
    cold: int
    requests: int


def run_for(duration_s: float, seed: int) -> Steady:
    chance = Chance(seed)
    count = round(duration_s * RATE_RPS)
    arrivals_s = np.cumsum(chance.stream("arrivals").exponential(1 / RATE_RPS, count))
    rows = Rows()

    async def main() -> Steady:
        scaling = AutoScalingConfiguration(max_concurrency=1, min_size=0, max_size=1000)
        settings = PoolSettings(
            "function",
            scaling=scaling,
            # Probes say nothing here and cost more than the requests; as few as the service allows.
            health_check=HealthCheck(interval_s=20),
            overflow=Overflow(wait_s=60.0, queue=1000),
            balancing="newest-first",
            initial_size=0,
        )
        policy = ScalePerRequestPolicy(ScalePerRequestParameters(idle_expiry_s=600.0), scaling)
        platform = Platform([ServicePlan(settings, policy, SimulatedApplication(io=Exponential(SERVICE_S)))], chance)
        await platform.open()
        platform.start()
        client = OpenClient(platform.services["function"], 0, rows, platform.clock, iter(arrivals_s.tolist()))
        await arrive_and_drain(client, arrivals_s)
        end_s = float(arrivals_s[-1])
        time = InstanceTime("function", platform.journal.facts)
        seen = Steady(
            instances=time.provisioned.instance_seconds(0.0, end_s) / end_s,
            running=sum(row[1] for row in rows.rows) / end_s,
            cold=time.launched,
            requests=len(rows.rows),
        )
        assert all(row[4] == 200 for row in rows.rows)
        await platform.close()
        return seen

    return run_virtual(main)


def check(runs: list[Steady], *, instances: float, running: float, p_cold: float) -> None:
    """The last three are how far the mean over the runs may be off, as shares of SimFaaS's figures."""
    assert np.mean([run.instances for run in runs]) == pytest.approx(INSTANCES, rel=instances)
    assert np.mean([run.running for run in runs]) == pytest.approx(RUNNING, rel=running)
    assert sum(run.cold for run in runs) / sum(run.requests for run in runs) == pytest.approx(P_COLD, rel=p_cold)


def test_a_shorter_run_has_simfaas_means() -> None:
    """3 x 10^5 s in all. SimFaaS's own spread of the mean instances is 0.27 % (one sigma) for 10^6 s, so 0.5 % here.

    Cold starts are rare: about 350, whose number spreads by 5.3 %, against 2.9 % in SimFaaS's own; three sigma of both.
    """
    check([run_for(1e5, seed) for seed in (1, 2, 3)], instances=0.02, running=0.02, p_cold=0.18)


@pytest.mark.slow
def test_the_whole_run_has_simfaas_means() -> None:
    """Within 2 %, as the validation sheet asks, over five runs as long as SimFaaS's one.

    The probability of a cold start cannot be told from SimFaaS's run to better than its own 1183 cold starts allow:
    3 %, one sigma. Ours, with five times as many, is good to 1.3 %.
    """
    check([run_for(1e6, seed) for seed in range(5)], instances=0.02, running=0.02, p_cold=0.02)
