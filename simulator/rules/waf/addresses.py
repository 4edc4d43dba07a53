"""Sets of IP addresses and ranges. A look-up costs one dictionary access per prefix length that occurs in the set."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address

_LENGTH_MAX: Final = 64  # of the longest address, with a zone


class AddressSet:
    """A set of addresses and ranges in CIDR notation. Raises ValueError for text that is not a range."""

    __slots__ = ("_by_length",)

    def __init__(self, ranges: Iterable[str]) -> None:
        self._by_length: dict[tuple[int, int], set[int]] = {}  # (bits of an address, bits after the prefix) -> prefixes
        for text in ranges:
            network = ip_network(text)
            bits = 128 if isinstance(network, IPv6Network) else 32
            rest = bits - network.prefixlen
            self._by_length.setdefault((bits, rest), set()).add(int(network.network_address) >> rest)

    def __contains__(self, address: Address) -> bool:
        bits, number = address.max_prefixlen, int(address)
        return any(bits == of and number >> rest in found for (of, rest), found in self._by_length.items())


def address_of(text: str) -> Address | None:
    """Return the address, or None if `text` is not an address. An IPv4-mapped IPv6 address becomes the IPv4 address."""
    stripped = text.strip()
    return _parsed(stripped) if len(stripped) <= _LENGTH_MAX else None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Address | None:
    """Parse an address. Cached, because most requests come from few addresses, and parsing costs as much as a rule."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
