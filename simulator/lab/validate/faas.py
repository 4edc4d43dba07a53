"""Platforms with a published steady state: SimFaaS, and measurements of AWS Lambda and of Knative.

Each is a whole platform in virtual time: Poisson arrivals, the policy of the platform, simulated instances. SimFaaS
gives cold requests a service time of their own; here a start takes the difference of the two means, then the request is
served.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.assembly.composition import compose_platform
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.simulated.application import NOTHING, SimulatedApplication
from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject, relative
from simulator.lab.validate.stations import REJECTED, Rows, arrive_and_drain
from simulator.model.health import HealthCheck
from simulator.model.scaling import AutoScalingConfiguration
from simulator.platform.revision import ServicePlan
from simulator.records.instance_time import InstanceTime
from simulator.rules.admission import Overflow
from simulator.rules.policies.kubernetes.knative import KnativeParameters, KnativePolicy
from simulator.rules.policies.port import Policy
from simulator.rules.policies.scale_per_request import ScalePerRequestParameters, ScalePerRequestPolicy
from simulator.scenario.request_numbers import RequestKind
from simulator.traffic.clients import OpenClient
from simulator.world.clock import ClockKind, run
from simulator.world.distributions import Constant, Distribution, Exponential
from simulator.world.random_streams import RandomStreams

SIMFAAS: Final = "pacslab/simfaas @5dd1623a, arXiv 2102.08904"
CONC: Final = "pacslab/conc-value-perf-modelling @156320c3, arXiv 2202.11247"
RATE_RPS: Final = 0.9
SERVICE_S: Final = 1.991
IDLE_EXPIRY_S: Final = 600.0
# Seconds of the simulation per second of SimFaaS's model. That model has no window, tick or probe (an instance is ready
# when it listens), so its figures do not depend on the unit. The platform, however, plays each second, empty or not:
# ten idle minutes at one request in nine minutes are 30 seconds instead of 600.
UNIT_S: Final = 0.05
# Requests wait for the instance that was started for them.
HELD: Final = Overflow(wait_s=60.0, queue=1000)
# A run of Knative: four hours, after ten minutes of warm-up.
KNATIVE_S: Final = 15_000.0
# Case 20: requests/s, and the measured mean number of ready pods.
KNATIVE_RATES_RPS: Final = (1, 2, 3, 5, 7)
KNATIVE_PODS: Final = (1.993, 3.122, 4.796, 7.523, 10.401)
# Mean values of the measurements on AWS Lambda, and (rate per second, P(cold), mean instances) of ten of them.
LAMBDA_WARM_S: Final = 1.981
LAMBDA_COLD_S: Final = 2.304
LAMBDA_MEASURED: Final = (
    (0.00186, 0.3430, 0.674),
    (0.00346, 0.1101, 0.908),
    (0.00572, 0.0383, 1.032),
    (0.01638, 0.01955, 1.270),
    (0.0501, 0.00854, 2.114),
    (0.1004, 0.00566, 2.889),
    (0.1981, 0.00372, 3.719),
    (0.3018, 0.00294, 4.422),
    (0.4997, 0.00191, 5.694),
    (1.0005, 0.00131, 8.397),
)


@dataclass(frozen=True, slots=True)
class Steady:
    """The result of a run: time averages that include the start with an empty platform, as in SimFaaS."""

    instances: float
    ready: float
    running: float
    cold: int
    requests: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Function:
    """A service that is scaled from zero. The averages omit the first `skip_s` seconds."""

    rate_rps: float
    service: Distribution
    policy: Policy
    scaling: AutoScalingConfiguration
    overflow: Overflow
    start_up: Distribution = NOTHING
    skip_s: float = 0.0
    initial_size: int = 0

    def play(self, duration_s: float, seed: int) -> Steady:
        """Play Poisson arrivals for `duration_s` of virtual time."""
        count = round(duration_s * self.rate_rps)
        gaps_s = RandomStreams(seed).stream("arrivals").exponential(1 / self.rate_rps, count)
        return self.replay(np.cumsum(gaps_s), seed)

    def replay(self, arrivals_s: NDArray[np.float64], seed: int) -> Steady:
        """Play requests at these times, in increasing order."""
        streams, seen = RandomStreams(seed), Rows()

        async def main() -> Steady:
            platform = compose_platform([self._plan()], streams)
            await platform.open()
            platform.start()
            service = platform.services["function"]
            client = OpenClient(service, repeat(RequestKind(0)), seen, platform.clock, iter(arrivals_s.tolist()))
            await arrive_and_drain(client, arrivals_s)
            steady = self._steady(InstanceTime("function", platform.journal.events), seen, float(arrivals_s[-1]))
            await platform.close()
            return steady

        return run(ClockKind.VIRTUAL, main)

    def _plan(self) -> ServicePlan:
        settings = PoolSettings(
            "function",
            scaling=self.scaling,
            # Probes have no effect here and take longer than the requests, so they are as rare as the service allows.
            health_check=HealthCheck(interval_s=20),
            overflow=self.overflow,
            balancing="newest-first",
            initial_size=self.initial_size,
        )
        return ServicePlan(settings, self.policy, SimulatedApplication(io=self.service, start_up=self.start_up))

    def _steady(self, times: InstanceTime, seen: Rows, end_s: float) -> Steady:
        inside = [row for row in seen.rows if row[0] >= self.skip_s]
        span_s = end_s - self.skip_s
        return Steady(
            instances=times.provisioned.instance_seconds(self.skip_s, end_s) / span_s,
            ready=times.ready.instance_seconds(self.skip_s, end_s) / span_s,
            running=sum(row[3] for row in inside) / span_s,
            cold=times.started,
            requests=len(inside),
            rejected=sum(row[4] == REJECTED for row in inside),
        )


def scale_per_request(
    rate: float, service: float, *, start_up: float = 0.0, overflow: Overflow = HELD, skip: float = 0.0
) -> Function:
    """Return SimFaaS's model: an instance per request, the newest idle one first, ended after ten idle minutes.

    At most 1000 instances. Times are in the model's seconds: `service` is the mean of an exponential distribution,
    `start_up` is constant.
    """
    scaling = AutoScalingConfiguration(max_concurrency=1, min_size=0, max_size=1000)
    policy = ScalePerRequestPolicy(ScalePerRequestParameters(idle_expiry_s=IDLE_EXPIRY_S * UNIT_S), scaling)
    return Function(
        rate / UNIT_S,
        Exponential(service * UNIT_S),
        policy,
        scaling,
        overflow,
        Constant(start_up * UNIT_S) if start_up else NOTHING,
        skip * UNIT_S,
    )


def steady_state(duration: float = 1e5, seeds: Sequence[int] = (1, 2, 3), *, p_cold: float = 0.18) -> list[Finding]:
    """Return the findings of case 1.

    SimFaaS's own mean number of instances has a spread of 0.27 % (one sigma) for 10^6 s.

    Cold starts are rare: about 350 in 3 x 10^5 s, with a spread of 5.3 %, against 2.9 % in SimFaaS's own run; the
    tolerance of `p_cold` is three sigma of both.
    """
    runs = [scale_per_request(RATE_RPS, SERVICE_S).play(duration * UNIT_S, seed) for seed in seeds]
    cold = sum(run.cold for run in runs) / sum(run.requests for run in runs)
    return [
        relative("mean instances", 7.6910, float(np.mean([run.instances for run in runs])), 0.02),
        relative("mean running", 1.7971, float(np.mean([run.running for run in runs])), 0.02),
        relative("P(cold)", 1183 / 900_020, cold, p_cold),
    ]


def hard_cap(duration: float = 40.0) -> list[Finding]:
    """Return the findings of case 5: 1000 environments for twice their load.

    A request that finds no free environment is rejected within a millisecond.
    """
    function = scale_per_request(1000.0, 2.016, overflow=Overflow(wait_s=0.001 * UNIT_S, queue=1000), skip=duration / 4)
    seen = function.play(duration * UNIT_S, seed=1)
    # The published run starts empty; after the first seconds Erlang's formula for 1000 servers applies: 0.50445.
    return [
        relative("share rejected", 0.5039, seen.rejected / seen.requests, 0.02),
        relative("mean running", 998.4, seen.running, 0.02),
    ]


def lambda_as_measured(cold_starts: float = 300.0) -> list[Finding]:
    """Return the findings of cases 7 to 17: ten rates measured on AWS Lambda, as mean absolute percentage errors.

    Each rate is played until about `cold_starts` cold starts are expected: 300 have a spread of 5.8 %, which adds
    little to the square of an error of 13 %. The tolerances are those of the validation sheet; SimFaaS itself has 12.23
    % and 3.05 %, and the measurement's own error of P(cold) is 10.14 %.
    """
    cold_errors, instance_errors = [], []
    for number, (rate, p_cold, instances) in enumerate(LAMBDA_MEASURED):
        function = scale_per_request(rate, LAMBDA_WARM_S, start_up=LAMBDA_COLD_S - LAMBDA_WARM_S)
        seen = function.play(cold_starts / (rate * p_cold) * UNIT_S, seed=number)
        cold_errors.append(_relative_error(seen.cold / seen.requests, p_cold))
        instance_errors.append(_relative_error(seen.instances, instances))
    return [
        Finding("mean error of P(cold)", 0.0, float(np.mean(cold_errors)), 0.15),
        Finding("mean error of mean instances", 0.0, float(np.mean(instance_errors)), 0.05),
    ]


def knative_as_measured(rates_rps: Sequence[float], expected: Sequence[float], service_s: float) -> list[Finding]:
    """Return the findings of cases 20 and 21: metric rps, target 1 at 70 %, panic threshold 1000 %.

    The published runs took an hour each; four hours after a warm-up of ten minutes give a standard error below 1 %.
    """
    return [
        relative(f"mean ready pods at {rate:g}/s", mean, _knative(rate, service_s).ready, 0.06)
        for rate, mean in zip(rates_rps, expected, strict=True)
    ]


def knative_curves() -> list[Curve]:
    """Return the curve of case 20: mean ready pods by the rate."""
    simulated = [(rate, finding.measured) for rate, finding in zip(KNATIVE_RATES_RPS, knative_rps_mode(), strict=True)]
    published = tuple(zip(KNATIVE_RATES_RPS, KNATIVE_PODS, strict=True))
    return [Curve("RPS mode, target 1", "requests/s", "mean ready pods", published, tuple(simulated))]


def cases() -> list[Case]:
    simulation = partial(Case, source=SIMFAAS, subject=Subject.LAMBDA, evidence=Evidence.SIMULATION, dated="2021")
    knative = partial(Case, source=CONC, subject=Subject.KNATIVE, evidence=Evidence.MEASUREMENT, dated="2021")
    return [
        Case(
            "7-17",
            "Steady state, ten rates",
            SIMFAAS,
            lambda_as_measured,
            Subject.LAMBDA,
            Evidence.MEASUREMENT,
            "2020",
            "Poisson arrivals to one function, warm 1.981 s, cold 2.304 s; the figures are mean absolute errors.",
        ),
        simulation(
            "1, 4",
            "Scale per request, steady state",
            run=steady_state,
            set_up="Poisson arrivals at 0.9/s, exponential service, an idle expiry of 600 s.",
        ),
        simulation(
            "5",
            "Scale per request, hard concurrency cap",
            run=hard_cap,
            set_up="1000/s for 1000 environments, twice their load.",
        ),
        knative(
            "20",
            "RPS mode",
            run=knative_rps_mode,
            set_up="The KPA by requests per second, target 1 at 70 %, an hour for each rate.",
            curves=knative_curves,
        ),
        knative(
            "21",
            "20 requests/s",
            run=partial(knative_as_measured, (20,), (28.43,), 0.5158),
            set_up="autoscale-go of 0.52 s at 20 requests/s, target 1 at 70 %, an hour.",
        ),
    ]


@functools.cache
def knative_rps_mode() -> tuple[Finding, ...]:
    """Return the findings of case 20: a service time of 0.17 to 0.21 s at five rates."""
    return tuple(knative_as_measured(KNATIVE_RATES_RPS, KNATIVE_PODS, 0.19))


def _knative(rate_rps: float, service_s: float) -> Steady:
    scaling = AutoScalingConfiguration(max_concurrency=200, min_size=0, max_size=60)
    policy = KnativePolicy(KnativeParameters(metric="rps", target=1, panic_threshold=10), scaling)
    function = Function(rate_rps, Constant(service_s), policy, scaling, HELD, skip_s=600.0, initial_size=1)
    return function.play(KNATIVE_S, seed=round(rate_rps))


def _relative_error(measured: float, expected: float) -> float:
    return abs(measured - expected) / expected
