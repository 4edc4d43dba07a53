from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from simulator.control.operations.workload import ServiceRevision, WorkloadFailed
from simulator.fleet.applications import Application
from simulator.fleet.docker import config
from simulator.fleet.docker.config import DockerApplication
from simulator.fleet.network import instance_network, packet_filter
from simulator.fleet.process.environment import ProcessApplication
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.platform.service_network import NetworkSettings, PrivateHost, ServiceNetwork, service_network
from simulator.rules.network.egress import EgressSource
from simulator.rules.network.egress_plan import EgressForward, egress_plan
from simulator.rules.network.security_groups import GroupRule, SecurityGroup
from simulator.rules.network.vpc import ForwardTarget, VpcMember, Vpcs
from tests.platform.test_applications import revision
from tests.rules.network.clouds import TCP, VPC, VPCS, A, B

CONTAINER = DockerApplication("app:1")
SETTINGS = NetworkSettings(VPCS)


def connected(*subnets: str, groups: tuple[str, ...] = ("sg-app",)) -> ServiceRevision:
    """A revision with a VPC connector."""
    given = revision()
    egress = {"EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": "arn:1"}}
    configuration = replace(given.configuration, network=egress)
    return replace(given, configuration=configuration, subnets=subnets, security_groups=groups)


@pytest.fixture(autouse=True)
def _permitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packet_filter, "why_no_filter", lambda: "")
    monkeypatch.setattr(config, "is_local", lambda _: True)
    monkeypatch.setattr(instance_network, "why_not_enforced", lambda: "")


@pytest.mark.parametrize(
    ("settings", "application"), [(None, CONTAINER), (SETTINGS, SimulatedApplication())], ids=["no VPCs", "simulated"]
)
def test_without_vpcs_and_for_simulated_instances_there_are_no_rules(
    settings: NetworkSettings | None, application: Application
) -> None:
    assert service_network(settings, connected("subnet-a"), application) == ServiceNetwork()


def test_a_connector_has_a_plan_for_each_of_its_subnets() -> None:
    network = service_network(SETTINGS, connected("subnet-a", "subnet-b"), CONTAINER)
    assert network.rules is not None
    assert network.rules.plans == tuple(egress_plan(EgressSource(VPC, each, ("sg-app",)), VPCS) for each in (A, B))
    first, second = network.notes
    assert first == (
        "VPC connector: api.example.com:443 cannot be reached: subnet-a has no route to the internet through a NAT "
        "gateway."
    )
    assert second == (
        "VPC connector: cache.internal:6379 cannot be reached: no ingress rule of sg-cache allows tcp 6379 from sg-app "
        "in subnet-b."
    )


def test_without_a_connector_the_vpc_is_closed() -> None:
    network = service_network(SETTINGS, revision(), CONTAINER)
    assert network.rules is not None
    assert network.rules.plans == (egress_plan(EgressSource(), VPCS),)
    assert network.notes == ()


def test_a_subnet_that_is_not_configured_any_more_fails_the_deployment() -> None:
    with pytest.raises(WorkloadFailed, match="The subnet ID 'subnet-gone' does not exist"):
        service_network(SETTINGS, connected("subnet-gone"), CONTAINER)


def test_what_cannot_be_enforced_fails_a_service_with_a_connector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packet_filter, "why_no_filter", lambda: "it requires root")
    with pytest.raises(WorkloadFailed) as caught:
        service_network(SETTINGS, connected("subnet-a"), CONTAINER)
    assert caught.value.reason == (
        "The rules of the service's VPC cannot be enforced: it requires root (`network: enforcement: optional` would "
        "run it without them)."
    )
    note = "The rules of networks are not enforced for this service: it requires root."
    assert service_network(SETTINGS, revision(), CONTAINER) == ServiceNetwork(notes=(note,))
    optional = replace(SETTINGS, is_required=False)
    assert service_network(optional, connected("subnet-a"), CONTAINER) == ServiceNetwork(notes=(note,))


def test_a_remote_engine_enforces_no_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "is_local", lambda host: host.startswith("unix"))
    with pytest.raises(WorkloadFailed, match="the container engine is on another machine"):
        service_network(NetworkSettings(VPCS, engine="tcp://10.1.1.1:2375"), connected("subnet-a"), CONTAINER)


def test_processes_have_their_own_networks_if_that_is_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    process = ProcessApplication(("python",))
    network = service_network(SETTINGS, connected("subnet-a"), process)
    assert network == service_network(SETTINGS, connected("subnet-a"), CONTAINER)
    monkeypatch.setattr(instance_network, "why_not_enforced", lambda: "it requires root")
    with pytest.raises(WorkloadFailed, match="cannot be enforced: it requires root"):
        service_network(SETTINGS, connected("subnet-a"), process)


def test_a_private_service_is_a_member_of_the_vpc_of_its_endpoint() -> None:
    endpoint = VpcMember("vpce-1", ip_address("10.0.8.5"), ("sg-web",))
    admits = SecurityGroup("sg-web", ingress=(GroupRule(TCP, 443, 443, groups=frozenset({"sg-app"})),))
    vpc = replace(VPC, endpoints={"vpce-1": endpoint}, groups={**VPC.groups, "sg-web": admits})
    settings = NetworkSettings(Vpcs((vpc,)))
    private = (PrivateHost("inside.awsapprunner.com", "vpce-1", 40443), PrivateHost("other", "vpce-2", 1))
    network = service_network(settings, connected("subnet-a"), CONTAINER, private)
    assert network.rules is not None
    (plan,) = network.rules.plans
    assert EgressForward(endpoint.address, 443, ForwardTarget("127.0.0.1", 40443)) in plan.forwards
    assert plan.names["inside.awsapprunner.com"] == "10.0.8.5"
    assert "other" not in plan.names
    closed = service_network(settings, connected("subnet-a", groups=("sg-narrow",)), CONTAINER, private)
    assert any("inside.awsapprunner.com:443 cannot be reached" in note for note in closed.notes)
