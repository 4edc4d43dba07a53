"""Addresses of interfaces between this machine and a process's own network: a block of four for each.

They come from 198.18.0.0/15, which is set aside for tests of network devices (RFC 2544), so no host is there. A block
is reserved, for all simulators on this machine, by binding an abstract Unix socket with its number, as ports are
(fleet/process/ports.py).
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
    """`gateway`: this machine's address. `address`: the instance's."""

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
        # The start is not part of the simulation's randomness: it only keeps two simulators apart.
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
