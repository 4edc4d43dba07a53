"""Address sets, compared with the membership of the standard library's networks."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.waf import addresses
from simulator.rules.waf.addresses import AddressSet, address_of

RANGES = st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 32)), max_size=8)


@given(RANGES, st.integers(0, 2**32 - 1))
def test_membership_is_that_of_the_ranges(ranges: list[tuple[int, int]], number: int) -> None:
    networks = [IPv4Network((first, length), strict=False) for first, length in ranges]
    address = IPv4Address(number)

    expected = any(address in each for each in networks)

    assert (address in AddressSet(map(str, networks))) is expected


def test_addresses_of_different_ip_versions_never_match() -> None:
    assert IPv6Address(1) not in AddressSet(["0.0.0.0/1"])
    assert IPv6Address("2001:db8::5") in AddressSet(["2001:db8::/32"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [(" 192.0.2.1 ", IPv4Address("192.0.2.1")), ("::ffff:192.0.2.1", IPv4Address("192.0.2.1")), ("unknown", None)],
)
def test_texts_are_parsed_as_addresses_or_rejected(text: str, expected: IPv4Address | None) -> None:
    assert address_of(text) == expected


def test_long_texts_are_no_addresses_and_are_not_kept() -> None:
    before = addresses._parsed.cache_info().currsize
    assert address_of("1" * 100_000) is None
    assert address_of(" " * 100 + "192.0.2.1 ") == IPv4Address("192.0.2.1")
    assert addresses._parsed.cache_info().currsize <= before + 1
