"""Where CloudWatch is, and what is not known of how App Runner writes to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from simulator.world.clock import epoch_s

NAMESPACE: Final = "AWS/AppRunner"  # facts 11.2
MINUTE_S: Final = 60
RESERVED: Final = "AWS/"  # namespaces that CloudWatch itself takes from AWS's own services only


class LatencyOf(StrEnum):
    """What RequestLatency is of."""

    INSTANCE = "instance"  # from the hand-over to an instance to the end of the answer
    BALANCER = "balancer"  # from the arrival at the load balancer on, waiting for a slot included


def _untold(_line: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class CloudWatchSettings:
    """`endpoint` speaks CloudWatch and, unless `logs_endpoint` is another, CloudWatch Logs. Credentials are those that
    botocore finds: environment, profile, role.

    `region`: of services whose ARN does not say one. `begin_s`: the calendar's time of the run's 0, in virtual time;
    None for the calendar as it is. `tell`: for people, when something goes wrong or is well again.
    """

    endpoint: str
    logs_endpoint: str | None = None
    region: str = "us-east-1"
    metrics: bool = True
    logs: bool = True
    namespace: str = NAMESPACE
    # ASSUMPTION: RequestLatency is "the time that the web service took", so without the wait for a slot. The two beside
    # each other on a service whose requests wait would settle it.
    latency_of: LatencyOf = LatencyOf.INSTANCE
    # ASSUMPTION: what the dimension of an instance is called is in no document that could be read (facts 11.2);
    # `aws cloudwatch list-metrics --namespace AWS/AppRunner` of an account with a service would settle it.
    instance_dimension: str = "Instance"
    # ASSUMPTION: how late App Runner's points are is not published; other AWS services need one to three minutes.
    # Polling get-metric-data beside a service's own count of requests would settle it.
    delay_s: float = 60.0
    begin_s: float | None = None
    tell: Callable[[str], None] = field(default=_untold, compare=False)

    @property
    def is_kept(self) -> bool:
        """Nothing is sent while the run goes on: virtual time lets no socket in."""
        return self.begin_s is not None

    def calendar(self, at_s: Callable[[], float]) -> Callable[[], float]:
        """Seconds since 1970; `at_s` are the run's."""
        begin_s = self.begin_s
        return epoch_s if begin_s is None else lambda: begin_s + at_s()
