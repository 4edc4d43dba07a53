from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.network.egress import EgressSource, NetworkOutcome, egress_verdict
from simulator.rules.network.egress_plan import EgressForward, egress_plan
from simulator.rules.network.security_groups import GroupRule, NetworkProtocol, SecurityGroup
from simulator.rules.network.vpc import ForwardTarget, Vpc, Vpcs
from tests.rules.network.clouds import API, CACHE, DATABASE, VPC, VPCS, A, B

RANGES = [ip_network(each) for each in ("0.0.0.0/0", "10.0.0.0/16", "10.0.1.0/24", "10.0.9.10/32", "198.51.100.0/24")]
NAMES = ["sg-one", "sg-two", "sg-three"]
PORTS = st.sampled_from([0, 22, 443, 5432, 5433, 6379, 65535])


@st.composite
def rules(draw: st.DrawFn) -> GroupRule:
    first, last = sorted((draw(PORTS), draw(PORTS)))
    ranges = tuple(draw(st.lists(st.sampled_from(RANGES), max_size=2)))
    groups = frozenset(draw(st.lists(st.sampled_from(NAMES), max_size=2)))
    return GroupRule(draw(st.sampled_from(NetworkProtocol)), first, last, ranges, groups)


@st.composite
def clouds(draw: st.DrawFn) -> tuple[EgressSource, Vpcs]:
    def some() -> tuple[GroupRule, ...]:
        return tuple(draw(st.lists(rules(), max_size=3)))

    groups = {name: SecurityGroup(name, some(), some()) for name in NAMES}
    members = {
        each.name: type(each)(each.name, each.address, (draw(st.sampled_from(NAMES)),), each.ports)
        for each in (DATABASE, CACHE)
    }
    vpc = Vpc("vpc-one", VPC.ranges, VPC.subnets, groups, members)
    source = draw(
        st.sampled_from([EgressSource(), EgressSource(vpc, A, ("sg-one",)), EgressSource(vpc, B, ("sg-one", "sg-two"))])
    )
    return source, Vpcs((vpc,), {API.name: API})


ADDRESSES = st.one_of(
    st.sampled_from([DATABASE.address, CACHE.address, API.address, ip_address("10.0.1.7"), ip_address("192.168.0.1")]),
    st.integers(0, 2**32 - 1).map(IPv4Address),
)


@given(clouds(), ADDRESSES, st.one_of(PORTS, st.integers(0, 65535)))
def test_the_plan_has_the_same_outcomes_as_the_verdicts(
    cloud: tuple[EgressSource, Vpcs], address: IPv4Address, port: int
) -> None:
    source, vpcs = cloud
    outcome = egress_verdict(source, address, port, vpcs).outcome
    let_through = egress_plan(source, vpcs).outcome(address, port)
    assert let_through is {NetworkOutcome.ALLOWED: True, NetworkOutcome.REJECTED: None}.get(outcome, False)


def test_the_plan_of_a_subnet_has_its_forwards_names_notes_and_rejections() -> None:
    plan = egress_plan(EgressSource(VPC, A, ("sg-app",)), VPCS)
    assert plan.forwards == (
        EgressForward(ip_address("10.0.9.10"), 5432, ForwardTarget("127.0.0.1", 15432)),
        EgressForward(ip_address("10.0.9.11"), 6379, ForwardTarget("127.0.0.1", 16379)),
    )
    assert plan.internet == ()
    assert plan.names == {
        "orders-db.internal": "10.0.9.10",
        "cache.internal": "10.0.9.11",
        "api.example.com": "198.51.100.7",
    }
    assert plan.notes == (
        "api.example.com:443 cannot be reached: subnet-a has no route to the internet through a NAT gateway",
    )
    assert [(each.first, each.last) for each in plan.rejected] == [(5433, 5433)]


def test_without_a_connector_names_of_members_resolve_but_members_are_unreachable() -> None:
    plan = egress_plan(EgressSource(), VPCS)
    assert "orders-db.internal" in plan.names
    assert [each.address for each in plan.forwards] == [API.address]
    assert plan.outcome(DATABASE.address, 5432) is False
    assert plan.outcome(ip_address("93.184.216.34"), 443) is True
    assert plan.outcome(ip_address("93.184.216.34"), 53, NetworkProtocol.UDP) is True
    assert plan.notes == ()
