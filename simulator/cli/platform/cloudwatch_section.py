"""The `cloudwatch` section of the configuration of `simulator serve`."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from simulator.cli.printing import echo
from simulator.scenario.sections.aws_spec import ENDPOINT
from simulator.scenario.sections.base_model import Duration, Flag, Section
from simulator.telemetry.cloudwatch.namespace import NAMESPACE
from simulator.telemetry.cloudwatch.settings import CloudWatchSettings, LatencyOf

_DEFAULT: Final = CloudWatchSettings("")


class CloudWatchSection(Section):
    """The destination of App Runner's CloudWatch metrics and logs.

    Credentials come from the environment or a profile.
    """

    endpoint: str | None = Field(default=None, pattern=ENDPOINT)
    """An AWS-compatible endpoint, for example moto. Nothing is sent without it."""
    logs_endpoint: str | None = Field(default=None, pattern=ENDPOINT)
    """A separate endpoint for the logs, as AWS itself has."""
    metrics: Flag = True
    """Send the nine metrics, once a minute."""
    logs: Flag = True
    """Send event logs, deployment logs and the output of instances."""
    namespace: str = Field(default=NAMESPACE, min_length=1, max_length=255, pattern="^[^:]")
    """Namespace of the metrics. AWS rejects writes to `AWS/`."""
    latency_of: Literal["instance", "balancer"] = "instance"
    """RequestLatency: the time at the instance, or the whole time in the load balancer."""
    instance_dimension: str = Field(default=_DEFAULT.instance_dimension, min_length=1, max_length=255)
    """Name of the dimension of a single instance's metrics."""
    delay: Duration = _DEFAULT.delay_s
    """Time from the end of a minute until its points are sent."""

    def settings(self, region: str) -> CloudWatchSettings | None:
        """Return the settings; None if nothing is sent. `region`: the Region of services whose ARN contains none."""
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
