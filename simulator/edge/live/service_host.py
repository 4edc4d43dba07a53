"""The host name of a service's URL, which runs in virtual time use too."""

from __future__ import annotations

from typing import Final

from simulator.world.random_streams import RandomStreams

REGION: Final = "us-east-1"  # the default Region in URLs


def service_host(service: str, region: str, streams: RandomStreams) -> str:
    """Return a host name like that of an App Runner URL, in a top-level domain that is always loopback (RFC 6761)."""
    return f"{streams.identifier('service-url', service, length=10)}.{region}.awsapprunner.localhost"
