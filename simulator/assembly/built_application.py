"""What was built, as an application that a driver launches."""

from __future__ import annotations

from simulator.builds.built import BuiltApplication
from simulator.fleet.docker import DockerApplication
from simulator.fleet.docker_config import DEFAULT_EGRESS
from simulator.fleet.process import ProcessApplication


def application_of(built: BuiltApplication, egress: str = DEFAULT_EGRESS) -> ProcessApplication | DockerApplication:
    """`egress`: of containers; a process has the machine's.

    Raises:
        ValueError: when it has no start command, or a variable that it must not have.
    """
    if not built.image:
        return ProcessApplication(built.command, built.environment, built.folder)
    if not built.command:
        msg = "command = nothing, must start the application"
        raise ValueError(msg)
    return DockerApplication(built.image, built.command, built.environment, built.port, egress)
