from __future__ import annotations

from dataclasses import replace
from typing import cast

from simulator.edge.live.front import Front
from simulator.platform.host_places import HostPlaces
from simulator.platform.service_network import PrivateHost
from tests.platform.test_applications import ARN, revision


class FakeFront:
    """Records the calls."""

    endpoints = frozenset({"vpce-1"})

    def __init__(self) -> None:
        self.placed: dict[str, tuple[bool, str]] = {}

    def place(self, host: str, *, dual_stack: bool, endpoint: str) -> None:
        self.placed[host] = (dual_stack, endpoint)

    def endpoint_port(self, endpoint: str) -> int:
        return {"vpce-1": 40443}[endpoint]


def test_hosts_follow_the_address_type_of_the_serving_revision() -> None:
    places, fake = HostPlaces(), FakeFront()
    front = cast("Front", fake)
    places.place(front, ARN, "shop")
    assert fake.placed == {"shop": (False, "")}
    given = revision()
    network = given.configuration.network | {"IpAddressType": "DUAL_STACK"}
    places.serves(replace(given, configuration=replace(given.configuration, network=network)))
    places.private["inside"] = "vpce-1"
    for host in ("shop", "inside"):
        places.place(front, ARN, host)
    assert fake.placed == {"shop": (True, ""), "inside": (True, "vpce-1")}
    places.forget(ARN)
    places.place(front, ARN, "shop")
    assert fake.placed["shop"] == (False, "")


def test_private_hosts_have_the_port_of_their_endpoint() -> None:
    places = HostPlaces()
    places.private |= {"inside": "vpce-1", "elsewhere": "vpce-unknown"}
    assert places.of_front(cast("Front", FakeFront())) == (PrivateHost("inside", "vpce-1", 40443),)
    assert places.of_front(None) == ()
    places.place(None, ARN, "inside")
