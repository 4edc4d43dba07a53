"""The health check configuration of a service."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# Release notes of 7 December 2023: an instance has five minutes to listen and to pass the health check (facts 2.3).
STARTUP_ALLOWANCE_S: Final = 300.0


# Lines of App Runner's logs, including the backticks (facts 9).
HEALTHY_LINE: Final = "Health check is successful. Routing traffic to application."


class HealthProtocol(StrEnum):
    """The protocol of a health check."""

    TCP = "TCP"
    HTTP = "HTTP"


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A health check; defaults and ranges are those of the API model (facts 9). Times are in seconds, thresholds in
    numbers of probes.

    Raises:
        ValueError: if a number is out of range.
    """

    protocol: HealthProtocol = HealthProtocol.TCP
    path: str = "/"
    interval_s: float = 5
    timeout_s: float = 2
    healthy_threshold: int = 1
    unhealthy_threshold: int = 5

    def __post_init__(self) -> None:
        for name in ("interval_s", "timeout_s", "healthy_threshold", "unhealthy_threshold"):
            value = getattr(self, name)
            if not 1 <= value <= 20:
                msg = f"{name.removesuffix('_s')} = {value:g}, must be 1 to 20"
                raise ValueError(msg)
        if not self.path.startswith("/"):
            msg = f"path = {self.path!r}, must start with /"
            raise ValueError(msg)


def performing_line(check: HealthCheck, port: int) -> str:
    """Return the log line that App Runner writes before the first probe."""
    path = f" [Path: '{check.path}']," if check.protocol is HealthProtocol.HTTP else ""
    return f"Performing health check on protocol `{check.protocol}`{path} [Port: '{port}']."


def failed_line(check: HealthCheck, port: int) -> str:
    """Return the log line of a failed check. There is no space between the protocol and the path of an HTTP check."""
    path = f"[Path: '{check.path}']," if check.protocol is HealthProtocol.HTTP else ""
    return (
        f"Health check failed on protocol `{check.protocol}`{path} [Port: '{port}']. "
        "Check your configured port number. For more information, see the application logs."
    )


def stopped_line(exit_code: int) -> str:
    """Return the log line of a container that has exited."""
    return (
        f"Your application stopped or failed to start. See logs for more information. Container exit code: {exit_code}"
    )
