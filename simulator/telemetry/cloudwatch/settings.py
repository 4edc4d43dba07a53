"""The CloudWatch destination, and unpublished details of how App Runner writes to CloudWatch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TextIO

from simulator.telemetry.cloudwatch.namespace import NAMESPACE
from simulator.world.clock import epoch_s

MINUTE_S: Final = 60
RESERVED: Final = "AWS/"  # namespaces that CloudWatch accepts only from AWS's own services


class LatencyOf(StrEnum):
    """The duration that RequestLatency measures."""

    INSTANCE = "instance"  # from the hand-over to an instance to the end of the response
    BALANCER = "balancer"  # from the arrival at the load balancer, including the wait for a slot


def _discard(_line: str) -> None:
    """Discard the message."""


@dataclass(frozen=True, slots=True)
class CloudWatchSettings:
    """Settings of the CloudWatch exporter.

    `endpoint` serves CloudWatch and, unless `logs_endpoint` is set, CloudWatch Logs; empty: nothing is sent.
    Credentials are those that botocore finds: environment, profile, role.

    `region`: the Region of services whose ARN contains none. `begin_s`: in virtual time, the calendar time at which the
    run begins; None for the real calendar. `file`: receives the metrics after a run in virtual time. `tell`: receives
    messages for the user about failures and recoveries.
    """

    endpoint: str
    logs_endpoint: str | None = None
    region: str = "us-east-1"
    metrics: bool = True
    logs: bool = True
    namespace: str = NAMESPACE
    # ASSUMPTION: RequestLatency is "the time that the web service took", so it excludes the wait for a slot. Comparing
    # the two on a service whose requests wait would settle it.
    latency_of: LatencyOf = LatencyOf.INSTANCE
    # ASSUMPTION: the name of the instance dimension is in no available document (facts 11.2);
    # `aws cloudwatch list-metrics --namespace AWS/AppRunner` of an account with a service would settle it.
    instance_dimension: str = "Instance"
    # ASSUMPTION: the delay of App Runner's points is not published; other AWS services need one to three minutes.
    # Polling get-metric-data and comparing it with a service's own count of requests would settle it.
    delay_s: float = 60.0
    begin_s: float | None = None
    file: TextIO | None = field(default=None, compare=False)
    tell: Callable[[str], None] = field(default=_discard, compare=False)

    @property
    def is_kept(self) -> bool:
        """True if nothing is sent during the run, because virtual time allows no sockets."""
        return self.begin_s is not None

    def wall_clock(self, at_s: Callable[[], float]) -> Callable[[], float]:
        """Return a clock of seconds since 1970. `at_s` is the clock of the run."""
        begin_s = self.begin_s
        return epoch_s if begin_s is None else lambda: begin_s + at_s()
