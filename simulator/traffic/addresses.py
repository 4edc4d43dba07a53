"""Addresses of clients, sampled from the ranges of a source with a random stream of their own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from typing import Final

import numpy as np

# Of a larger range, such as a /64 of IPv6, only this many addresses are used; no run has as many users.
RANGE_MAX: Final = 2**32
_DRAWN: Final = 1024  # addresses sampled at a time


def client_addresses(ranges: Sequence[str], rng: np.random.Generator) -> Iterator[str]:
    """Yield the address of each user of a source, without end; every address of all ranges is equally likely."""
    networks = [ip_network(text) for text in ranges]
    sizes = [min(network.num_addresses, RANGE_MAX) for network in networks]
    if sum(sizes) == 1:
        return itertools.repeat(str(networks[0][0]))
    ends = np.cumsum(sizes)
    portions = (rng.integers(int(ends[-1]), size=_DRAWN).tolist() for _ in itertools.repeat(None))
    return (
        str(networks[place][number - int(ends[place]) + sizes[place]])
        for portion in portions
        for number, place in zip(portion, np.searchsorted(ends, portion, side="right").tolist(), strict=True)
    )
