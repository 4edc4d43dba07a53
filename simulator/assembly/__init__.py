"""The composition root: builds a platform for the live or the virtual world.

The only package that names concrete drivers (drivers.py) and listeners (front.py). The packages above it describe what
they need as plain values (`ServicePlan`, `LiveSettings`); the packages below it do not depend on which world it is.
"""

from simulator.assembly.authority import local_authority
from simulator.assembly.drivers import Application
from simulator.assembly.live_settings import LiveSettings
from simulator.assembly.platform import Platform, Service
from simulator.assembly.revision import MakePool, ServicePlan
from simulator.edge.access_log_entry import LogFormat
from simulator.fleet.docker.config import DockerApplication
from simulator.fleet.docker.engine import DEFAULT_HOST as DEFAULT_ENGINE
from simulator.fleet.docker.engine import check_host as check_engine
from simulator.fleet.process.backend import Throttling
from simulator.fleet.process.environment import ProcessApplication
from simulator.model.data_plane import Profile

__all__ = [
    "DEFAULT_ENGINE",
    "Application",
    "DockerApplication",
    "LiveSettings",
    "LogFormat",
    "MakePool",
    "Platform",
    "ProcessApplication",
    "Profile",
    "Service",
    "ServicePlan",
    "Throttling",
    "check_engine",
    "local_authority",
]
