"""The configuration of a service: the API's structures, and properties with the settings as plain values."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any, Final

from simulator.model.health import HealthCheck, HealthProtocol
from simulator.model.sizes import InstanceSize, parse_cpu, parse_memory

PORT: Final = "8080"  # facts 1.6


def start_words(command: str) -> tuple[str, ...]:
    """Split a start command into program and arguments.

    # ASSUMPTION: the command is split as a shell would split it, but no shell runs it. Facts 7 infer the latter ([I]);
    # how it is split is unknown ([U]). A command with quotes and a variable, printed by its program, would settle it.

    Raises:
        ValueError: if a quotation is not closed.
    """
    try:
        return tuple(shlex.split(command))
    except ValueError as error:
        msg = "start command = (not shown), must have its quotation marks closed"
        raise ValueError(msg) from error


Block = dict[str, Any]  # a structure of the API model, with its member names as keys


@dataclass(frozen=True, slots=True)
class ServiceConfiguration:
    """The structures of CreateService with every default filled in, sizes in plain units and full ARNs. Immutable."""

    source: Block
    instance: Block
    health_check: Block
    network: Block
    observability: Block
    auto_scaling_arn: str

    # --- source of the application ---------------------------------------------------------------------------------

    @property
    def is_image(self) -> bool:
        return "ImageRepository" in self.source

    @property
    def image(self) -> str | None:
        """The image identifier; None for a service from source code."""
        image: str | None = self.source.get("ImageRepository", {}).get("ImageIdentifier")
        return image

    @property
    def repository(self) -> Block | None:
        """The CodeRepository block; None for a service from an image."""
        repository: Block | None = self.source.get("CodeRepository")
        return repository

    @property
    def deploys_automatically(self) -> bool:
        return bool(self.source["AutoDeploymentsEnabled"])

    @property
    def connection_arn(self) -> str | None:
        arn: str | None = self.source.get("AuthenticationConfiguration", {}).get("ConnectionArn")
        return arn

    @property
    def access_role_arn(self) -> str | None:
        """The role with which images are pulled from ECR."""
        arn: str | None = self.source.get("AuthenticationConfiguration", {}).get("AccessRoleArn")
        return arn

    # --- runtime ---------------------------------------------------------------------------------------------------

    @property
    def run_settings(self) -> Block:
        """The structure ImageConfiguration or CodeConfigurationValues; empty if the repository's apprunner.yaml has the
        settings.
        """
        if self.is_image:
            settings: Block = self.source["ImageRepository"].get("ImageConfiguration", {})
            return settings
        code: Block = self.source["CodeRepository"]["CodeConfiguration"]
        return code.get("CodeConfigurationValues", {}) if code["ConfigurationSource"] == "API" else {}

    @property
    def port(self) -> int:
        """The configured port; the default if apprunner.yaml configures the service."""
        return int(self.run_settings.get("Port", PORT))

    @property
    def start_command(self) -> str | None:
        return self.run_settings.get("StartCommand")

    @property
    def variables(self) -> dict[str, str]:
        variables: dict[str, str] = self.run_settings.get("RuntimeEnvironmentVariables", {})
        return variables

    @property
    def secrets(self) -> dict[str, str]:
        """References to secrets by name of the environment variable. Values of secrets are not included."""
        secrets: dict[str, str] = self.run_settings.get("RuntimeEnvironmentSecrets", {})
        return secrets

    @property
    def size(self) -> InstanceSize:
        return InstanceSize(parse_cpu(self.instance["Cpu"]), parse_memory(self.instance["Memory"]))

    @property
    def instance_role_arn(self) -> str | None:
        return self.instance.get("InstanceRoleArn")

    @property
    def health(self) -> HealthCheck:
        block = self.health_check
        return HealthCheck(
            protocol=HealthProtocol(block["Protocol"]),
            path=block["Path"],
            interval_s=block["Interval"],
            timeout_s=block["Timeout"],
            healthy_threshold=block["HealthyThreshold"],
            unhealthy_threshold=block["UnhealthyThreshold"],
        )

    # --- network and tracing ---------------------------------------------------------------------------------------

    @property
    def is_public(self) -> bool:
        return bool(self.network["IngressConfiguration"]["IsPubliclyAccessible"])

    @property
    def is_dual_stack(self) -> bool:
        return bool(self.network["IpAddressType"] == "DUAL_STACK")

    @property
    def vpc_connector_arn(self) -> str | None:
        arn: str | None = self.network["EgressConfiguration"].get("VpcConnectorArn")
        return arn

    @property
    def observability_arn(self) -> str | None:
        return self.observability.get("ObservabilityConfigurationArn")
