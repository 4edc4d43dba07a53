"""Options that `serve` and `up` share, in groups. `run` has options of the same names for scenarios."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from simulator.cli.front.name_completion import policy_names
from simulator.cli.options import ACCESS_LOG_HELP, LOG_FORMAT_HELP, WEBSOCKET_HELP
from simulator.edge.access_log_entry import LogFormat
from simulator.model.text.problems import one_of
from simulator.rules.balancers import BALANCERS
from simulator.scenario.on_policy_error import OnPolicyError

BALANCER: Final = "Load balancer"
SCALING: Final = "Scaling"
POLICY_HELP: Final = (
    "Scale every service by this policy: one that `simulator policies` lists, or your own, FILE.py:CLASS, which is "
    "read again when the file changes."
)
ON_POLICY_ERROR_HELP: Final = (
    "When a policy of your own fails: keep the last desired count and log it (hold, the default), or end."
)
SHADOW_HELP: Final = "Evaluate this policy too, without acting; may be given again."


@dataclass(frozen=True, slots=True)
class BalancerOptions:
    """The limits and formats of the load balancer. None: the value of the configuration, or else the default."""

    websocket: Annotated[
        bool | None,
        typer.Option("--websocket", help=WEBSOCKET_HELP, rich_help_panel=BALANCER),
    ] = None
    access_log: Annotated[Path | None, typer.Option(metavar="F", help=ACCESS_LOG_HELP, rich_help_panel=BALANCER)] = None
    access_log_format: Annotated[LogFormat | None, typer.Option(help=LOG_FORMAT_HELP, rich_help_panel=BALANCER)] = None
    balancing: Annotated[
        str | None,
        typer.Option(help=f"Which instance gets a request: {', '.join(BALANCERS)}.", rich_help_panel=BALANCER),
    ] = None

    @property
    def of_config(self) -> dict[str, Any]:
        """Values by section and key that override the configuration of serve; None: not given.

        Raises:
            ValueError: for an unknown balancing.
        """
        if self.balancing is not None and self.balancing not in BALANCERS:
            msg = f"balancing = {self.balancing!r}, must be {one_of(self.balancing, BALANCERS)}"
            raise ValueError(msg)
        return {
            "front_websocket": self.websocket,
            "front_access_log": self.access_log,
            "front_access_log_format": self.access_log_format,
            "front_balancing": self.balancing,
        }


@dataclass(frozen=True, slots=True)
class ScalingOptions:
    """How services scale. None: the value of the configuration, or else as App Runner scales."""

    policy: Annotated[
        str | None,
        typer.Option(autocompletion=policy_names, help=POLICY_HELP, rich_help_panel=SCALING),
    ] = None
    on_policy_error: Annotated[
        OnPolicyError | None, typer.Option(help=ON_POLICY_ERROR_HELP, rich_help_panel=SCALING)
    ] = None

    shadow: Annotated[
        list[str],
        typer.Option(autocompletion=policy_names, metavar="POLICY", help=SHADOW_HELP, rich_help_panel=SCALING),
    ] = field(default_factory=list)

    @property
    def of_config(self) -> dict[str, Any]:
        """Values by section and key that override the configuration of serve; None: not given."""
        return {
            "scaling_policy": self.policy,
            "scaling_on_policy_error": self.on_policy_error,
            "scaling_shadows": tuple(self.shadow) or None,
        }
