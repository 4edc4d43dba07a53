"""IPv4 addresses for the interfaces between this machine and the networks of processes: a block of four per interface.

The blocks are in 198.18.0.0/15, which RFC 2544 reserves for tests of network devices, so no host uses them. A block is
reserved against all other simulators on this machine by binding an abstract Unix socket named after its number; ports
are reserved in the same way (fleet/process/ports.py).
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

RANGE: Final = IPv4Network("198.18.0.0/15")
PREFIX: Final = 30
_SIZE: Final = 4
_BLOCKS: Final = RANGE.num_addresses // _SIZE


@dataclass(frozen=True, slots=True)
class AddressBlock:
    """A block of four addresses. `gateway`: address of this machine's end; `address`: address of the instance's end."""

    number: int

    @property
    def gateway(self) -> IPv4Address:
        return RANGE[self.number * _SIZE + 1]

    @property
    def address(self) -> IPv4Address:
        return RANGE[self.number * _SIZE + 2]


class AddressBlocks:
    """Assigns blocks. Each assigned block uses one file descriptor."""

    def __init__(self) -> None:
        # Simulators begin at different blocks to avoid collisions; this is not part of the simulation's randomness.
        self._next = os.getpid() * 97 % _BLOCKS
        self._held: dict[AddressBlock, socket.socket] = {}

    def take(self) -> AddressBlock:
        """Return a free block and reserve it.

        Raises:
            OSError: if every block is in use.
        """
        for _ in range(_BLOCKS):
            block = AddressBlock(self._next)
            self._next = (self._next + 1) % _BLOCKS
            reservation = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                reservation.bind(f"\0apprunner-simulator/network/{block.number}")
            except OSError:
                reservation.close()
                continue
            self._held[block] = reservation
            return block
        raise OSError(f"no free addresses in {RANGE}")

    def release(self, block: AddressBlock) -> None:
        """Release a block. Idempotent."""
        reservation = self._held.pop(block, None)
        if reservation is not None:
            reservation.close()
