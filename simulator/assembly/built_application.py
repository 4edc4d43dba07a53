"""What was built, as an application that a driver launches."""

from __future__ import annotations

from simulator.builds.built import BuiltApplication
from simulator.fleet.docker import DockerApplication
from simulator.fleet.docker_config import DEFAULT_EGRESS
from simulator.fleet.process import ProcessApplication


def application_of(built: BuiltApplication, egress: str = DEFAULT_EGRESS) -> ProcessApplication | DockerApplication:
    """`egress`: of containers; a process has the machine's.

    Raises:
        ValueError: when a process has no start command, or there is a variable that must not be.
    """
    if not built.image:
        return ProcessApplication(built.command, built.environment, built.folder, built.set_up)
    return DockerApplication(built.image, built.command, built.environment, built.port, egress)
