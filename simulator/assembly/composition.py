"""Creates a platform with its drivers and, in real time, its load balancer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from simulator.assembly.drivers import driver_of
from simulator.fleet.ports import Driver, OnLine
from simulator.fleet.simulated.simulated_drivers import SimulatedDrivers
from simulator.platform.platform import Platform
from simulator.platform.revision import MakeSupply, ServicePlan
from simulator.records.journal import Journal
from simulator.world.random_streams import RandomStreams

if TYPE_CHECKING:
    from simulator.edge.live.live_settings import LiveSettings


def compose_platform(
    plans: Sequence[ServicePlan],
    streams: RandomStreams,
    live: LiveSettings | None = None,
    *,
    journal: Journal | None = None,
    measured: bool = False,
    make_supply: MakeSupply | None = None,
    made: Callable[[ServicePlan, Driver], Driver] = lambda _, driver: driver,
) -> Platform:
    """Return a platform, which the caller must close. `live`: settings of the load balancer and its sockets; None:
    virtual time. `made` receives each new driver and returns it. The other arguments are those of `Platform`.

    Raises:
        OSError, ValueError: if the state folder of `live` cannot be used.
    """
    journal = Journal() if journal is None else journal
    simulated = SimulatedDrivers(streams, journal, lambda: platform.clock.at_s())  # noqa: PLW0108 it comes later

    def make(plan: ServicePlan, stream: str, on_line: OnLine) -> Driver:
        driver = driver_of(plan, stream, streams=streams, live=live, on_line=on_line, simulated=simulated)
        return made(plan, driver)

    front = None
    if live is not None:
        from simulator.edge.live.front import Front  # noqa: PLC0415 sockets and TLS, for real time only

        front = Front(live, streams)
    platform = Platform(plans, streams, make, live, front, journal=journal, measured=measured, make_supply=make_supply)
    return platform
