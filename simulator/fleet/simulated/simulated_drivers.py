"""The drivers of all simulated applications of a platform, which share downstream resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.fleet.simulated.application import SimulatedApplication
from simulator.fleet.simulated.driver import SimulatedDriver
from simulator.model.times import RunTime
from simulator.records.journal import Journal
from simulator.world.random_streams import RandomStreams

if TYPE_CHECKING:
    from simulator.fleet.simulated.downstream import DownstreamResources
    from simulator.fleet.simulated.image_pulls import ImagePulls


class SimulatedDrivers:
    """Creates drivers of simulated applications, which share downstream resources and machines."""

    def __init__(self, streams: RandomStreams, journal: Journal, at_s: Callable[[], RunTime]) -> None:
        self._streams, self.journal, self._at_s = streams, journal, at_s
        self._resources: DownstreamResources | None = None
        self._pulls: ImagePulls | None = None

    def new(self, application: SimulatedApplication, service: str) -> SimulatedDriver:
        """Return a new driver for a service's application."""
        driver = self._of_kind(application, service)
        if application.image is not None:
            if self._pulls is None:
                from simulator.fleet.simulated.image_pulls import ImagePulls  # noqa: PLC0415 few scenarios need it

                self._pulls = ImagePulls(self.journal, self._at_s)
            driver.pull_with(self._pulls)
        if application.background:
            from simulator.fleet.simulated.background import ServiceBackground  # noqa: PLC0415 few scenarios need it

            background = ServiceBackground(application, self._streams, service, self.journal, self._at_s)
            driver.work_beside_requests(background)
        return driver

    def _of_kind(self, application: SimulatedApplication, service: str) -> SimulatedDriver:
        if not application.downstream:
            return SimulatedDriver(application, self._streams, service)
        from simulator.fleet.simulated.downstream import DownstreamResources  # noqa: PLC0415 few scenarios need it
        from simulator.fleet.simulated.downstream_driver import DownstreamDriver  # noqa: PLC0415

        if self._resources is None:
            self._resources = DownstreamResources(self._streams, self.journal, self._at_s)
        return DownstreamDriver(application, self._streams, service, self._resources)
