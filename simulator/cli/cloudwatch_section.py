"""The section `cloudwatch` of the configuration of `simulator serve`."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from simulator.cli.printing import echo
from simulator.replay.aws_spec import ENDPOINT
from simulator.replay.sections import Duration, Flag, Section
from simulator.telemetry.cloudwatch.settings import NAMESPACE, CloudWatchSettings, LatencyOf

_DEFAULT: Final = CloudWatchSettings("")


class CloudWatchSection(Section):
    """Where App Runner's CloudWatch metrics and logs go. Credentials are those of the environment or a profile."""

    endpoint: str | None = Field(default=None, pattern=ENDPOINT)
    """An AWS-compatible endpoint (moto, say); nothing is sent if it is left out."""
    logs_endpoint: str | None = Field(default=None, pattern=ENDPOINT)
    """Another one for the logs, as AWS itself has it."""
    metrics: Flag = True
    """Send the nine metrics, by the minute."""
    logs: Flag = True
    """Send event logs, deployment logs and what instances write."""
    namespace: str = Field(default=NAMESPACE, min_length=1, max_length=255, pattern="^[^:]")
    """Namespace of the metrics. AWS rejects writes to `AWS/`."""
    latency_of: Literal["instance", "balancer"] = "instance"
    """RequestLatency: the time at the instance, or all of the time in the load balancer."""
    instance_dimension: str = Field(default=_DEFAULT.instance_dimension, min_length=1, max_length=255)
    """Name of the dimension of an instance's own metrics."""
    delay: Duration = _DEFAULT.delay_s
    """From the end of a minute until its points are sent."""

    def settings(self, region: str) -> CloudWatchSettings | None:
        """`region`: of services whose ARN says none. None when nothing is to be sent."""
        if self.endpoint is None or not (self.metrics or self.logs):
            return None
        return CloudWatchSettings(
            self.endpoint,
            self.logs_endpoint,
            region,
            metrics=self.metrics,
            logs=self.logs,
            namespace=self.namespace,
            latency_of=LatencyOf(self.latency_of),
            instance_dimension=self.instance_dimension,
            delay_s=self.delay,
            tell=lambda line: echo(line, err=True),
        )
