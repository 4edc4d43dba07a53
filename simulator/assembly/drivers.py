"""Which driver runs an application: the only module that names concrete drivers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from simulator.fleet.application import SimulatedApplication
from simulator.fleet.driver import Driver
from simulator.fleet.exchange import Exchange
from simulator.fleet.http_backend import HttpService
from simulator.fleet.process import OnLine, ProcessApplication, ProcessDriver
from simulator.fleet.simulated import SimulatedDriver
from simulator.model.data_plane import DataPlaneLimits
from simulator.world.chance import Chance

Application = SimulatedApplication | ProcessApplication


def driver_of(
    application: Application, service: str, *, chance: Chance, limits: DataPlaneLimits, on_line: OnLine
) -> tuple[Driver, Callable[[Exchange], None]]:
    """The driver of the application's kind, and who draws the work of a simulated request on its arrival."""
    if isinstance(application, SimulatedApplication):
        simulated = SimulatedDriver(application, chance, service)
        return simulated, simulated.work.draw
    return ProcessDriver(application, partial(HttpService, limits=limits), on_line), _no_draw


def cpu_meter(driver: Driver) -> Callable[[], float]:
    """Of processes nobody measures it yet; whoever plans has seen to it that it is not asked for."""
    assert isinstance(driver, SimulatedDriver), "the CPU of real instances is not measured"
    return driver.cpu_used_s


def _no_draw(_: Exchange) -> None:
    """A real instance's work is its own."""
