from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from simulator.cli.network.network_section import NetworkSection
from simulator.cli.platform.serve_config import ServeConfig, load_config
from simulator.rules.network.security_groups import EVERYWHERE, GroupRule, NetworkProtocol
from simulator.rules.network.vpc import ForwardTarget, VpcMember, Vpcs
from simulator.scenario.problems import ScenarioError
from tests.cli.network.files import TEXT

TCP = NetworkProtocol.TCP


def loaded(folder: Path, text: str = TEXT) -> NetworkSection:
    (folder / "serve.yaml").write_text(text, encoding="utf-8")
    return load_config(folder / "serve.yaml").network


def resolved(folder: Path) -> Vpcs:
    vpcs = loaded(folder).resolved()
    assert vpcs is not None
    return vpcs


def test_vpcs_of_a_file(tmp_path: Path) -> None:
    vpcs = resolved(tmp_path)
    vpc = vpcs.vpc("vpc-0a1b2c3d")
    assert vpc is not None
    assert vpc.subnets["subnet-0b"].ranges == (ip_network("10.0.2.0/24"), ip_network("fd00:2::/64"))
    assert (vpc.subnets["subnet-0a"].nat, vpc.subnets["subnet-0b"].nat) == (False, True)
    assert vpc.groups["sg-0app"].egress == (
        GroupRule(TCP, 5432, 5432, groups=frozenset({"sg-0db"})),
        GroupRule(NetworkProtocol.ALL, ranges=EVERYWHERE),
    )
    assert vpc.groups["sg-0app"].ingress == ()
    (rule,) = vpc.groups["sg-0db"].ingress
    assert rule == GroupRule(TCP, 5432, 5433, (ip_network("10.0.2.0/24"),), frozenset({"sg-0app"}))
    database, cache = vpc.members["orders-db.internal"], vpc.members["cache.internal"]
    assert (database.address, database.groups) == (ip_address("10.0.9.10"), ("sg-0db",))
    assert database.ports == {5432: ForwardTarget("127.0.0.1", 15432)}
    assert cache.ports == {6379: ForwardTarget("127.0.0.1", 16379)}
    assert vpc.endpoints == {"vpce-0e": VpcMember("vpce-0e", ip_address("10.0.8.5"), ("sg-0app",))}
    assert vpcs.internet["api.example.com"].ports == {443: ForwardTarget("::1", 8443)}
    assert vpcs.unsupported_zones == {"us-east-1e"}


def test_the_default_group_lets_itself_in(tmp_path: Path) -> None:
    """Like the one that AWS creates with a VPC."""
    vpc = resolved(tmp_path).vpcs[0]
    group = vpc.groups[vpc.default_group]
    assert group.ingress == (GroupRule(groups=frozenset({group.id})),)
    assert group.egress == (GroupRule(ranges=EVERYWHERE),)
    assert vpc.members["cache.internal"].groups == (group.id,)
    named = NetworkSection.model_validate(
        {"vpcs": {"vpc-1": {"cidr": "10.0.0.0/16", "security_groups": {"sg-1": {}}, "default_group": "sg-1"}}}
    ).resolved()
    assert named is not None
    assert (named.vpcs[0].default_group, [*named.vpcs[0].groups]) == ("sg-1", ["sg-1"])


def test_without_vpcs_there_is_nothing_to_enforce(tmp_path: Path) -> None:
    assert NetworkSection().resolved() is None
    assert ServeConfig().settings(tmp_path).api.vpcs is None
    assert NetworkSection().settings("") is None


@pytest.mark.parametrize(("enforcement", "expected"), [("required", True), ("optional", False)])
def test_whether_enforcement_is_required(tmp_path: Path, enforcement: str, expected: bool) -> None:
    text = TEXT.replace("unsupported_zones: us-east-1e", f"enforcement: {enforcement}")
    settings = loaded(tmp_path, text).settings("unix:///run/other.sock")
    assert settings is not None
    assert (settings.is_required, settings.engine) == (expected, "unix:///run/other.sock")
    assert loaded(tmp_path).settings("") is not None


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("vpc-0a1b2c3d:", "cloud:", "network.vpcs = cloud, must be an id: one such as vpc-0a1b2c3d"),
        ("subnet-0a:", "net-0a:", "subnets = net-0a, must be an id: one such as subnet-0a1b2c3d"),
        ("sg-0app:", "app:", "security_groups = app, must be an id: one such as sg-0a1b2c3d"),
        ("10.0.1.0/24", "10.0.1.1/24", "cidr = 10.0.1.1/24, must be a range: one in CIDR notation"),
        ("10.0.1.0/24", "10.1.1.0/24", "vpc-0a1b2c3d = subnet-0a with 10.1.1.0/24, must be inside of the VPC's"),
        ("10.0.1.0/24", "10.0.2.0/25", "must not overlap subnet-0a with 10.0.2.0/25"),
        ("groups: sg-0db", "groups: sg-0bd", "did you mean `sg-0db`?"),
        ("to: sg-0db", "to: sg-0bd", "with sg-0bd, must be with one of sg-0app, sg-0db; did you mean `sg-0db`?"),
        ("to: sg-0db", "to: db", "must be a peer: a security group such as sg-0a1b2c3d, or a range"),
        ("5432-5433", "5433-5432", "ports = 5433-5432, must be a port: one of 0 to 65535 such as 5432, or a"),
        ("10.0.9.10", "10.1.9.10", "must be inside of the VPC's 10.0.0.0/16, fd00::/16"),
        ("10.0.9.11", "10.0.9.10", "cache.internal with 10.0.9.10, must not have the address of orders-db.internal"),
        ("10.0.9.11", "here", "address = here, must be an address: one such as 10.0.1.10"),
        ("127.0.0.1:15432", "127.0.0.1", "must be a target: an address and a port such as 127.0.0.1:15432"),
        ('"6379"', "0", "must be a port: one of 1 to 65535"),
        ("198.51.100.7", "10.0.9.7", "network = api.example.com with 10.0.9.7, must be outside of 10.0.0.0/8"),
        ("subnet-0c:", "subnet-0a:", "must be in one place only"),
        ("api.example.com", "cache.internal", "must be in one place only"),
        ("vpce-0e", "eni-0e", "endpoints = eni-0e, must be an id: one such as vpce-0a1b2c3d"),
        ("zone: us-east-1a", "zon: us-east-1a", "did you mean `zone`?"),
        ("unsupported_zones: us-east-1e", "enforcement: strict", "enforcement = strict, must be required or optional"),
        ("unsupported_zones: us-east-1e", "enforcment: optional", "did you mean `enforcement`?"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, before: str, after: str, expected: str) -> None:
    assert before in TEXT
    with pytest.raises(ScenarioError) as caught:
        loaded(tmp_path, TEXT.replace(before, after, 1))
    assert expected in str(caught.value)


def test_an_unknown_default_group(tmp_path: Path) -> None:
    text = TEXT.replace("      endpoints:", "      default_group: sg-0ap\n      endpoints:")
    with pytest.raises(ScenarioError, match=r"must be one of sg-0app, sg-0db; did you mean `sg-0app`\?"):
        loaded(tmp_path, text)


@pytest.mark.parametrize("page", ["how-to/networks.md", "tutorial/vpc-database.md"])
def test_the_configuration_of_a_page(tmp_path: Path, page: str) -> None:
    text = (Path(__file__).parents[3] / "docs" / page).read_text(encoding="utf-8")
    block = text.partition("```yaml\n")[2].partition("```")[0]
    vpcs = loaded(tmp_path, block).resolved()
    assert vpcs is not None
    assert [*vpcs.vpcs[0].members] == ["orders-db.internal", "cache.internal"]
