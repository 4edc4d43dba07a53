"""Addresses of clients: each address of all ranges is equally likely, so a range has a weight by its size."""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address, ip_network
from itertools import islice

import pytest

from simulator.traffic.addresses import client_addresses
from simulator.world.random_streams import RandomStreams


def drawn(count: int, *ranges: str, seed: int = 1) -> list[str]:
    return list(islice(client_addresses(ranges, RandomStreams(seed).stream("addresses")), count))


def test_a_range_of_one_address_always_yields_that_address() -> None:
    assert drawn(3, "192.0.2.7") == ["192.0.2.7"] * 3


def test_every_address_of_all_ranges_is_equally_likely() -> None:
    found = Counter(drawn(8000, "192.0.2.0/30", "198.51.100.1", "2001:db8::/127", "203.0.113.9/32"))
    expected = {"192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3", "198.51.100.1", "203.0.113.9"}
    assert found.keys() == expected | {"2001:db8::", "2001:db8::1"}
    # Binomial with n = 8000, p = 1/8: five standard deviations of 29.6 around 1000.
    assert all(850 < count < 1150 for count in found.values())


@pytest.mark.parametrize("text", ["2001:db8::/32", "10.0.0.0/8"])
def test_large_ranges_are_sampled_without_listing_their_addresses(text: str) -> None:
    found = drawn(1000, text)
    assert len(set(found)) > 990
    assert all(ip_address(each) in ip_network(text) for each in found)


def test_the_same_seed_gives_the_same_addresses() -> None:
    assert drawn(50, "10.0.0.0/8") == drawn(50, "10.0.0.0/8") != drawn(50, "10.0.0.0/8", seed=2)
