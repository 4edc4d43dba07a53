"""Configuration of an instance's container: the application's image, and what the platform adds to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, Self

from simulator.fleet.docker.engine import Image
from simulator.fleet.docker.engine_address import DEFAULT_HOST, UNIX, check_host, is_local
from simulator.fleet.docker.labels import labels
from simulator.fleet.ports import InstanceSpec
from simulator.fleet.process.confinement.cgroup import PERIOD_US
from simulator.fleet.process.environment import check_variables
from simulator.fleet.process.throttling import Throttling
from simulator.model.images import ImageIdentifier, RegistryKind
from simulator.model.instance import IDLE_VCPU

HOST: Final = "127.0.0.1"
DEFAULT_EGRESS: Final = "DEFAULT"
NO_EGRESS: Final = "NONE"

_BYTES_PER_MB: Final = 1024**2


@dataclass(frozen=True, slots=True)
class DockerApplication:
    """An image of the engine whose application listens on `port`, on all addresses of its container.

    `command`: the start command; it replaces the image's CMD, keeps its ENTRYPOINT, and is run without a shell (facts
    18). `egress`: DEFAULT is the engine's bridge; NONE is a network of the simulator whose packets are neither
    forwarded nor answered; any other value is the name of a network of the engine, as EgressType VPC names a VPC
    connector.

    Raises:
        ValueError: if a value is invalid, or a variable has a forbidden name.
    """

    image: str
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = 8080
    egress: str = DEFAULT_EGRESS

    is_simulated: ClassVar[bool] = False
    has_own_loopback: ClassVar[bool] = True

    def __post_init__(self) -> None:
        ImageIdentifier(self.image)
        check_variables(self.environment)
        if not 1 <= self.port <= 65535:
            msg = f"port = {self.port}, must be 1 to 65535"
            raise ValueError(msg)

    def configured(self, command: tuple[str, ...], variables: Mapping[str, str], port: int) -> Self:
        """Return the application with the settings of a service; an empty command keeps the application's own."""
        environment = {**self.environment, **variables}
        return replace(self, command=command or self.command, environment=environment, port=port)

    def why_no_egress_rules(self, engine: str) -> str:
        """Return why the rules of VPCs cannot be enforced for its instances; empty if no obstacle is known.

        `engine`: the address of the container engine.
        """
        return why_not_enforced(engine)


@dataclass(frozen=True, slots=True)
class DockerSettings:
    """Settings of the Docker driver. `engine_patience_s`: how long a launch waits for an engine that does not answer.
    `idle_vcpu`: see ProcessSettings.

    Raises:
        ValueError: if `host` is not the address of an engine.
    """

    throttling: Throttling = Throttling.NONE
    idle_vcpu: float = IDLE_VCPU
    storage_bytes: int = 3 * 1024**3  # facts 5.2; includes the image
    storage_interval_s: float = 5.0
    line_bytes_max: int = 16 * 1024
    host: str = DEFAULT_HOST
    engine_patience_s: float = 30.0

    def __post_init__(self) -> None:
        check_host(self.host)


def container_config(
    application: DockerApplication,
    spec: InstanceSpec,
    image: Image,
    *,
    owner: str,
    network: str,
    quota_bytes: int = 0,
    hosts: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return the container's configuration in the format of the engine's API.

    `network`: name or id of a network of the engine; empty for its own bridge. `quota_bytes`: limit of what the
    container may write, 0 without a quota. `hosts`: lines of its hosts file, as `name:address`. The image's volumes get
    the labels as well, so that orphaned ones are found.
    """
    port = f"{application.port}/tcp"
    given = labels(owner, spec)
    # Last, because the platform's PORT overrides other values (facts 5.2).
    variables = {**application.environment, **spec.environment, "PORT": str(application.port)}
    host: dict[str, Any] = {
        "PortBindings": {port: [{"HostIp": HOST, "HostPort": ""}]},
        "CpuPeriod": PERIOD_US,
        "CpuQuota": round(spec.size.vcpu * PERIOD_US),
        "Memory": spec.size.memory_mb * _BYTES_PER_MB,
        "MemorySwap": spec.size.memory_mb * _BYTES_PER_MB,
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "1"}},
        "Mounts": [
            {"Type": "volume", "Target": target, "VolumeOptions": {"Labels": given}} for target in image.volumes
        ],
    }
    if network:
        host["NetworkMode"] = network
    if hosts:
        host["ExtraHosts"] = list(hosts)
    if quota_bytes > 0:
        host["StorageOpt"] = {"size": str(quota_bytes)}
    config: dict[str, Any] = {
        "Image": image.name,
        "Env": [f"{name}={value}" for name, value in variables.items()],
        "ExposedPorts": {port: {}},
        "Labels": given,
        "HostConfig": host,
    }
    if application.command:
        config["Cmd"] = list(application.command)
    return config


def missing_image(image: str) -> str:
    """Return App Runner's log line for a failed pull (facts 7), with the reason that applies here."""
    identifier = ImageIdentifier(image)
    names = " or ".join(identifier.local_names)
    looked = "" if identifier.registry is RegistryKind.LOCAL else " (no registry is contacted)"
    return f"Failed to pull your application image. Reason: the engine has no image {names}{looked}"


def why_not_enforced(engine: str) -> str:
    """Return why the rules of VPCs cannot be enforced for containers of this engine; empty if they can."""
    from simulator.fleet.network.packet_filter import why_no_filter  # noqa: PLC0415 only with VPCs

    if is_local(engine):
        return why_no_filter()
    if engine.startswith(UNIX):
        return f"no container engine listens on {engine}"
    return "the container engine is on another machine"
