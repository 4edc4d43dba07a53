"""The network of a service's instances: rules that a driver enforces, from its network configuration and the VPCs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from simulator.control.operations.workload import ServiceRevision, WorkloadFailed
from simulator.fleet.applications import Application
from simulator.fleet.docker.engine_address import DEFAULT_HOST
from simulator.fleet.network.egress_rules import EgressRules
from simulator.fleet.network.packet_filter import FilterError
from simulator.rules.network.egress import EgressSource
from simulator.rules.network.egress_plan import EgressPlan, egress_plan
from simulator.rules.network.vpc import ForwardTarget, Vpcs

if TYPE_CHECKING:
    from simulator.fleet.network.vpc_book import VpcBook
    from simulator.platform.revision import ServicePlan

HTTPS_PORT: Final = 443
_LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Settings of networks. `is_required`: True if a service with a VPC connector is not deployed unless its rules can
    be enforced. `engine`: address of the container engine. `book`: VPCs that change; None: always `vpcs`.
    """

    vpcs: Vpcs
    is_required: bool = True
    engine: str = DEFAULT_HOST
    book: VpcBook | None = None

    @property
    def present(self) -> Vpcs:
        """The present VPCs."""
        return self.vpcs if self.book is None else self.book.present


@dataclass(frozen=True, slots=True)
class PrivateHost:
    """A host of a private service: its VPC endpoint, and the port on this machine on which the endpoint listens."""

    name: str
    endpoint: str
    port: int


@dataclass(frozen=True, slots=True)
class ServiceNetwork:
    """The network of a revision's instances.

    `rules`: None if they use the usual network. `notes`: lines for the service's event log.
    """

    rules: EgressRules | None = None
    notes: tuple[str, ...] = ()


def service_network(
    settings: NetworkSettings | None,
    revision: ServiceRevision,
    application: Application,
    private: Iterable[PrivateHost] = (),
) -> ServiceNetwork:
    """Return the network of the revision's instances. `private`: current hosts of private services.

    Raises:
        WorkloadFailed: if the connector's subnets no longer exist, or its rules cannot be enforced on this machine.
    """
    if settings is None or application.is_simulated:
        return ServiceNetwork()
    has_connector = revision.configuration.vpc_connector_arn is not None
    if why := application.why_no_egress_rules(settings.engine):
        if has_connector and settings.is_required:
            raise WorkloadFailed(
                f"The rules of the service's VPC cannot be enforced: {why} (`network: enforcement: optional` would run "
                "it without them)."
            )
        return ServiceNetwork(notes=(f"The rules of networks are not enforced for this service: {why}.",))
    vpcs = _with_private(settings.present, tuple(private))
    plans = tuple(_plans(vpcs, revision)) if has_connector else (egress_plan(EgressSource(), vpcs),)
    unreachable = dict.fromkeys(note for plan in plans for note in plan.notes)
    return ServiceNetwork(EgressRules(plans), tuple(f"VPC connector: {note}." for note in unreachable))


async def change_network(
    settings: NetworkSettings | None,
    revision: ServiceRevision,
    plan: ServicePlan,
    private: Iterable[PrivateHost],
    log: Callable[[str], None],
) -> None:
    """Enforce the present rules on the running instances of a revision, as EC2 does without a deployment.

    `log` gets lines for the service's event log.
    """
    if plan.egress_rules is None:
        return
    try:
        network = service_network(settings, revision, plan.application, private)
        changed = network.rules is not None and await plan.egress_rules.change(network.rules.plans)
    except (WorkloadFailed, FilterError, OSError) as error:
        log(f"VPC connector: changed rules are not enforced on running instances: {error}")
        return
    if changed:
        log("VPC connector: rules have changed; they are enforced on running instances.")
        for note in network.notes:
            log(note)


def _with_private(vpcs: Vpcs, private: tuple[PrivateHost, ...]) -> Vpcs:
    """Return the VPCs, with the hosts of private services as members at the addresses of their VPC endpoints."""
    return replace(
        vpcs,
        vpcs=tuple(
            replace(
                vpc,
                members={
                    **vpc.members,
                    **{
                        host.name: replace(
                            vpc.endpoints[host.endpoint],
                            name=host.name,
                            ports={HTTPS_PORT: ForwardTarget(_LOOPBACK, host.port)},
                        )
                        for host in private
                        if host.endpoint in vpc.endpoints
                    },
                },
            )
            for vpc in vpcs.vpcs
        ),
    )


def _plans(vpcs: Vpcs, revision: ServiceRevision) -> Iterator[EgressPlan]:
    """Yield the egress plan of each subnet of the revision's connector."""
    for name in revision.subnets:
        vpc = vpcs.of_subnet(name)
        if vpc is None:
            raise WorkloadFailed(f"The subnet ID '{name}' does not exist.")
        yield egress_plan(EgressSource(vpc, vpc.subnets[name], revision.security_groups), vpcs)
