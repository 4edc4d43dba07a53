"""Look-ups in the simulator's own zones and at a resolver, with the simulator's DNS server as that resolver."""

from __future__ import annotations

import asyncio

import pytest

from simulator.wire.dns.dns_lookup import OwnLookup, ResolverLookup
from simulator.wire.dns.dns_server import DnsServer
from simulator.wire.dns.zones import Zones
from tests.wire.dns.test_dns_server import HOST, on_server


def test_own_lookup_and_resolver_lookup_return_the_same_records() -> None:
    async def test(server: DnsServer, zones: Zones) -> None:
        lookups: list[OwnLookup | ResolverLookup] = [OwnLookup(zones), ResolverLookup("127.0.0.1", server.port)]
        for lookup in lookups:
            assert await lookup(HOST, "A") == frozenset({"127.0.0.1"})
            assert await lookup(f"{HOST}.", "TXT") == frozenset()
            assert await lookup("absent.us-east-1.awsapprunner.com", "CNAME") == frozenset()
        assert await ResolverLookup("127.0.0.1", server.port)("elsewhere.net", "CNAME") is None  # REFUSED

    on_server(test)


@pytest.mark.parametrize("name", ["a" * 64 + ".acme.dev", "ab." * 84 + "dev.dev", "a..dev", ".dev"])
def test_a_name_that_is_invalid_in_dns_has_no_records(name: str) -> None:
    """A custom domain may be so long that the names of its validation records have more than 255 octets."""
    own = OwnLookup(Zones(addresses=["127.0.0.1"]))
    resolver = ResolverLookup("127.0.0.1", 9)  # nothing listens at this address, and nothing is sent to it
    for lookup in (own, resolver):
        assert asyncio.run(lookup(name, "CNAME")) == frozenset()
