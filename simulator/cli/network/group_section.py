"""Security groups in the configuration of `simulator serve`."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from simulator.rules.network.security_groups import (
    ALL_EGRESS,
    PORT_MAX,
    GroupRule,
    IpNetwork,
    NetworkProtocol,
    SecurityGroup,
)
from simulator.scenario.sections.base_model import Section

GROUP: Final = "sg-"
_PORTS: Final = re.compile(r"([0-9]+)(?:-([0-9]+))?")


def port_range(value: object) -> tuple[int, int]:
    """Parse `5432` or `5432-5440`."""
    match = _PORTS.fullmatch(str(value).replace(" ", "")) if not isinstance(value, bool) else None
    if match is not None:
        first = int(match[1])
        last = int(match[2] or first)
        if first <= last <= PORT_MAX:
            return first, last
    msg = f"{value!r} is not a port; write one of 0 to {PORT_MAX} such as 5432, or a range such as 8000-8080"
    raise ValueError(msg)


def ip_range(value: object) -> IpNetwork:
    """Parse an address range in CIDR notation."""
    try:
        return ip_network(str(value))
    except ValueError as error:
        msg = f"{value!r} is not a range; write one in CIDR notation such as 10.0.0.0/16 ({error})"
        raise ValueError(msg) from error


def as_list(value: object) -> object:
    """Return a single value as a list, and a list unchanged."""
    return value if isinstance(value, list | tuple) else [value]


def _peer(value: object) -> str | IpNetwork:
    text = str(value)
    if text.startswith(GROUP):
        return text
    try:
        return ip_network(text)
    except ValueError as error:
        msg = f"{value!r} is not a peer; write a security group such as sg-0a1b2c3d, or a range such as 10.0.0.0/16"
        raise ValueError(msg) from error


PortRange = Annotated[
    tuple[int, int],
    BeforeValidator(port_range),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]+( *- *[0-9]+)?$"}]}),
]
IpRange = Annotated[IpNetwork, BeforeValidator(ip_range), WithJsonSchema({"type": "string"})]
Peer = Annotated[str | IpNetwork, BeforeValidator(_peer), WithJsonSchema({"type": "string"})]
_TEXTS: Final = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
Peers = Annotated[tuple[Peer, ...], BeforeValidator(as_list), Field(min_length=1), _TEXTS]
IpRanges = Annotated[tuple[IpRange, ...], BeforeValidator(as_list), Field(min_length=1), _TEXTS]


class _RuleSection(Section):
    protocol: Literal["all", "tcp", "udp", "icmp"] | None = None
    """Protocol. Default: tcp with ports, else all."""
    ports: PortRange | None = None
    """A port or a range of ports. Default: all."""

    def rule(self, peers: tuple[str | IpNetwork, ...]) -> GroupRule:
        default = NetworkProtocol.ALL if self.ports is None else NetworkProtocol.TCP
        first, last = self.ports or (0, PORT_MAX)
        return GroupRule(
            default if self.protocol is None else NetworkProtocol(self.protocol),
            first,
            last,
            tuple(each for each in peers if not isinstance(each, str)),
            frozenset(each for each in peers if isinstance(each, str)),
        )


class IngressRuleSection(_RuleSection):
    """A rule for incoming traffic."""

    from_spec: Peers
    """Security groups and address ranges."""


class EgressRuleSection(_RuleSection):
    """A rule for outgoing traffic."""

    to_spec: Peers
    """Security groups and address ranges."""


class GroupSection(Section):
    """A security group. It is stateful: answers to allowed traffic need no rule."""

    ingress: tuple[IngressRuleSection, ...] = ()
    """Allowed incoming traffic. Default: none."""
    egress: tuple[EgressRuleSection, ...] | None = None
    """Allowed outgoing traffic. Default: all, as in a new security group."""

    def group(self, name: str) -> SecurityGroup:
        ingress = tuple(each.rule(each.from_spec) for each in self.ingress)
        egress = ALL_EGRESS if self.egress is None else tuple(each.rule(each.to_spec) for each in self.egress)
        return SecurityGroup(name, egress, ingress)
