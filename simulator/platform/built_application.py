"""Converts the artifact of a build to an application that a driver launches."""

from __future__ import annotations

from simulator.builds.artifact import BuildArtifact
from simulator.fleet.docker.config import DEFAULT_EGRESS, DockerApplication
from simulator.fleet.process.environment import ProcessApplication


def application_of(built: BuildArtifact, egress: str = DEFAULT_EGRESS) -> ProcessApplication | DockerApplication:
    """Return the application. `egress` applies to a container; a process has the machine's network access.

    Raises:
        ValueError: if a process has no start command, or a variable is not allowed.
    """
    if not built.image:
        return ProcessApplication(built.command, built.environment, built.folder, built.set_up)
    return DockerApplication(built.image, built.command, built.environment, built.port, egress)
