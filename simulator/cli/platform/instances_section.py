"""The `instances` section of the configuration of `simulator serve`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from simulator.cli.front.scaling_section import ScalingSection
from simulator.control.operations.time_profile import INSTANT, profile_named
from simulator.fleet.credentials.secrets import SecretsPlace
from simulator.fleet.process.throttling import Throttling
from simulator.model.zones import ZONES_MAX
from simulator.platform.service_network import NetworkSettings
from simulator.platform.service_workload import WorkloadSettings
from simulator.scenario.sections.base_model import Count, Duration, Section

_DEFAULT: Final = WorkloadSettings()
_QUICK_PROBE_S: Final = 0.02


class InstancesSection(Section):
    """Settings of every instance."""

    throttling: Literal["none", "share", "freeze"] = "share"
    """The CPU that an idle instance loses: none, all except a twentieth of a vCPU, or all."""
    startup_allowance: Duration | None = None
    """How long an instance may take to become healthy; default: 1m with the profile `instant`, else 5m."""
    settle: Duration = _DEFAULT.settle_s
    """How long new processes and containers have to stay healthy before they get the traffic."""
    drain_timeout: Duration = _DEFAULT.drain_timeout_s
    """How long an instance that is being terminated may continue its requests."""
    stop_grace: Duration = _DEFAULT.stop_grace_s
    """Time from SIGTERM to SIGKILL."""
    zones: Count = Field(default=0, ge=0, le=ZONES_MAX)
    """Availability Zones (a, b, c and so on) over which the instances of each service are spread; 0: none."""

    def workload(
        self,
        profile: str,
        secrets_from: SecretsPlace,
        scaling: ScalingSection,
        balancing: str,
        balancing_of: Mapping[str, str],
        network: NetworkSettings | None = None,
    ) -> WorkloadSettings:
        """Return the settings of the workload. `profile`: the name of the time profile.

        Raises:
            ValueError: for an invalid policy.
        """
        is_instant = profile == INSTANT.name
        return WorkloadSettings(
            throttling=Throttling(self.throttling),
            secrets_from=secrets_from,
            startup_allowance_s=profile_named(profile).allowance_s(self.startup_allowance),
            # As fast as the work allows: a deployment does not wait for the next probe of an instance that is already
            # ready.
            startup_probe_s=_QUICK_PROBE_S if is_instant else None,
            settle_s=self.settle,
            policy=scaling.choice(0.0 if is_instant else None),
            shadows=scaling.shadow_choices(),
            balancing=balancing,
            balancing_of=balancing_of,
            drain_timeout_s=self.drain_timeout,
            stop_grace_s=self.stop_grace,
            network=network,
        )
