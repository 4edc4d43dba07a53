"""A server that runs already on this machine: the application of an instance that the simulator does not start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

from simulator.model.local_server import LocalServer


@dataclass(frozen=True, slots=True)
class RunningApplication:
    """The server at an address of this machine."""

    server: LocalServer

    is_simulated: ClassVar[bool] = False
    has_own_loopback: ClassVar[bool] = False
    environment: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def configured(self, command: tuple[str, ...], variables: Mapping[str, str], port: int) -> Self:
        """Return the application itself: nothing of a server that runs already can be configured."""
        del command, variables, port
        return self

    def why_no_egress_rules(self, engine: str) -> str:
        """Return why the rules of VPCs cannot be enforced."""
        del engine
        return "the server runs already, outside of the simulator"
