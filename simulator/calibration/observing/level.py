"""A level of load, and the scenario that plays it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.calibration.observing.observed_service import ObservedService
from simulator.scenario.request_numbers import RequestNumbers
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.traffic_spec import SourceSpec
from simulator.world.random_streams import RandomStreams

# Time between the first passed health check and the first request: what the application does after its start, and the
# connections of the client, do not disturb the first requests; the memory at rest is measured at its end.
REST_S: Final = 1.0
# Time after the last request, so that the run does not end before the usage has been read for the last time.
TAIL_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Level:
    """Requests at a constant rate. `measured_s` follows `warm_up_s`, both without the rest before."""

    number: int
    rate_rps: float
    warm_up_s: float
    measured_s: float

    @property
    def duration_s(self) -> float:
        """Seconds in which requests are sent."""
        return self.warm_up_s + self.measured_s


def level_scenario(service: ObservedService, level: Level, seed: int) -> ScenarioSpec:
    """Return the scenario that plays the level. Source n has the requests of route n."""
    traffic = poisson_traffic(service, level.rate_rps, REST_S + level.duration_s)
    duration_s = REST_S + level.duration_s + TAIL_S
    return with_traffic(service.prepared(), traffic, duration_s, seed_of(seed, level.number))


def poisson_traffic(service: ObservedService, rate_rps: float, until_s: float) -> list[dict[str, object]]:
    """Return a source for each route, which begins after the rest, as `with_traffic` takes them.

    Each route has Poisson arrivals of its own; together they are Poisson arrivals whose routes are independent.
    """
    return [
        {
            "name": f"route-{index}",
            "service": service.name,
            "from": f"{REST_S}s",
            "until": f"{until_s!r}s",
            "poisson": {"rate": f"{rate_rps * share!r}/s"},
            "requests": [route.request],
        }
        for index, (route, share) in enumerate(zip(service.routes, service.weights, strict=True))
    ]


def with_traffic(
    scenario: ScenarioSpec, traffic: Sequence[Mapping[str, object]], duration_s: float, seed: int
) -> ScenarioSpec:
    """Return the scenario with this traffic only. `traffic` is written as in a scenario file."""
    sources = tuple(SourceSpec.model_validate(source) for source in traffic)
    return scenario.model_copy(
        update={
            "traffic": sources,
            "numbers": RequestNumbers(sources),  # in place of the cached property
            "timeline": (),
            "checks": (),
            "duration_s": duration_s,
            "warm_up_s": 0.0,
            "seed": seed,
        }
    )


def seed_of(seed: int, number: int) -> int:
    """Return the seed of a level, which differs between the levels of an observation."""
    return int(RandomStreams(seed).stream("observe", number).integers(2**62))
