"""The health check configuration of a service."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, NamedTuple

# Release notes of 7 December 2023: an instance has five minutes to listen and to pass the health check (facts 2.3).
STARTUP_ALLOWANCE_S: Final = 300.0


# Lines of App Runner's logs, including the backticks (facts 9).
HEALTHY_LINE: Final = "Health check is successful. Routing traffic to application."


class HealthProtocol(StrEnum):
    """The protocol of a health check."""

    TCP = "TCP"
    HTTP = "HTTP"


class HealthCheckRange(NamedTuple):
    """The least and the greatest value of a number of a health check."""

    least: int
    greatest: int


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A health check; defaults and ranges are those of the API model (facts 9). Times are in seconds, thresholds in
    numbers of probes.

    Raises:
        ValueError: if a number is out of range.
    """

    INTERVAL: ClassVar = HealthCheckRange(1, 20)
    TIMEOUT: ClassVar = HealthCheckRange(1, 20)
    THRESHOLD: ClassVar = HealthCheckRange(1, 20)

    protocol: HealthProtocol = HealthProtocol.TCP
    path: str = "/"
    interval_s: float = 5
    timeout_s: float = 2
    healthy_threshold: int = 1
    unhealthy_threshold: int = 5

    def __post_init__(self) -> None:
        for name, (least, greatest) in (
            ("interval_s", self.INTERVAL),
            ("timeout_s", self.TIMEOUT),
            ("healthy_threshold", self.THRESHOLD),
            ("unhealthy_threshold", self.THRESHOLD),
        ):
            value = getattr(self, name)
            if not least <= value <= greatest:
                msg = f"{name.removesuffix('_s')} = {value:g}, must be {least} to {greatest}"
                raise ValueError(msg)
        if not self.path.startswith("/"):
            msg = f"path = {self.path!r}, must start with /"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class TargetHealthCheck(HealthCheck):
    """The health check of a target group behind an Application Load Balancer.

    Defaults: facts, ECS Express 2 (those of Express Mode and of a target group). Ranges: Elastic Load Balancing user
    guide, target-group-health-checks.

    Raises:
        ValueError: if a number is out of range.
    """

    INTERVAL: ClassVar = HealthCheckRange(5, 300)
    TIMEOUT: ClassVar = HealthCheckRange(2, 120)
    THRESHOLD: ClassVar = HealthCheckRange(2, 10)

    protocol: HealthProtocol = HealthProtocol.HTTP
    interval_s: float = 30
    timeout_s: float = 5
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2


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
