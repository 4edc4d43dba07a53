"""The start-ups of simulated instances, and the CPU with which they work."""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.fleet.ports import InstanceSpec
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.fleet.simulated.work import draws
from simulator.rules.start_stages import Kept
from simulator.rules.stations.discipline import Station
from simulator.world.random_streams import RandomStreams


class StartUp(NamedTuple):
    """One start-up: the seconds that it takes on its instance, and the CPU seconds that it uses."""

    lasts_s: float
    cpu_s: float


class StartUps:
    """Samples the start-ups of one service, in the order of the launches."""

    def __init__(self, application: SimulatedApplication, streams: RandomStreams, service: str) -> None:
        self._application = application
        self._waits = draws(application.start_up, streams.stream("service", service, "start-up"))
        self._cpu = draws(application.start_up_cpu, streams.stream("service", service, "start-up cpu"))
        self._uses_cpu = application.start_up_cpu.mean > 0

    def next(self, spec: InstanceSpec) -> StartUp:
        """Return the start-up of an instance. One that has kept its memory has none."""
        waits_s = next(self._waits)
        cpu_s = next(self._cpu) if self._uses_cpu else 0.0
        if spec.kept is Kept.MEMORY:
            return StartUp(0.0, 0.0)
        return StartUp(waits_s + self._computes_s(spec, cpu_s), cpu_s)

    def _computes_s(self, spec: InstanceSpec, cpu_s: float) -> float:
        """Return how long one thread needs for CPU work on the idle instance, which has just been launched."""
        if cpu_s <= 0:
            return 0.0
        station = station_of(self._application, spec, 0.0)
        station.begin(None, cpu_s, 0.0)
        ends_s = station.next_s()
        assert ends_s is not None, "it computes"
        return ends_s


def station_of(application: SimulatedApplication, spec: InstanceSpec, now_s: float) -> Station[Any]:
    """Return the CPU and the workers of an instance that is launched at `now_s`."""
    if application.background:
        from simulator.fleet.simulated.background import job_station  # noqa: PLC0415 few applications have it

        return job_station(application, spec.size.vcpu, now_s)
    if application.cpu_quota is None:
        return Station(spec.size.vcpu, application.workers, application.cpu_use, application.backlog)
    from simulator.rules.stations.cpu_quota import QuotaStation  # noqa: PLC0415 few applications have a quota

    return QuotaStation(
        spec.size.vcpu, application.workers, application.cpu_quota, now_s, application.cpu_use, application.backlog
    )
