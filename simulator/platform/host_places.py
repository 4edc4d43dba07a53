"""Where the host names of services are served: over IPv4, over IPv6 too, or at a VPC endpoint only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.control.operations.workload import ServiceRevision
from simulator.platform.service_network import PrivateHost

if TYPE_CHECKING:
    from simulator.edge.live.front import Front


class HostPlaces:
    """Where hosts are served. `private`: the VPC endpoint, by host of a private service."""

    def __init__(self) -> None:
        self.private: dict[str, str] = {}
        self._dual_stack: dict[str, bool] = {}  # key: ARN of the service

    def serves(self, revision: ServiceRevision) -> None:
        """Use the IpAddressType of the revision, which serves from now on."""
        self._dual_stack[revision.service_arn] = revision.configuration.is_dual_stack

    def forget(self, service_arn: str) -> None:
        """Discard what belongs to a deleted service."""
        self._dual_stack.pop(service_arn, None)

    def place(self, front: Front | None, service_arn: str, host: str) -> None:
        """Set in the load balancer where the host is served; call this before the host is added."""
        if front is not None:
            dual_stack = self._dual_stack.get(service_arn, False)
            front.place(host, dual_stack=dual_stack, endpoint=self.private.get(host, ""))

    def of_front(self, front: Front | None) -> tuple[PrivateHost, ...]:
        """Return the hosts of private services, with the ports on which their VPC endpoints listen."""
        if front is None:
            return ()
        ports = {each: front.endpoint_port(each) for each in set(self.private.values()) & front.endpoints}
        return tuple(
            PrivateHost(host, endpoint, ports[endpoint]) for host, endpoint in self.private.items() if endpoint in ports
        )
