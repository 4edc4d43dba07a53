from __future__ import annotations

import pytest

from simulator.fleet.network import address_blocks
from simulator.fleet.network.address_blocks import RANGE, AddressBlock, AddressBlocks


def test_the_addresses_of_a_block() -> None:
    block = AddressBlock(0)
    assert (str(block.gateway), str(block.address)) == ("198.18.0.1", "198.18.0.2")
    last = AddressBlock(RANGE.num_addresses // 4 - 1)
    assert (str(last.gateway), str(last.address)) == ("198.19.255.253", "198.19.255.254")


def test_two_simulators_never_have_the_same_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address_blocks, "_BLOCKS", 4)
    one, other = AddressBlocks(), AddressBlocks()
    taken = [each.take() for each in (one, other, one, other)]
    assert len(set(taken)) == 4
    with pytest.raises(OSError, match=r"no free addresses in 198\.18\.0\.0/15"):
        one.take()
    one.release(taken[0])
    one.release(taken[0])
    assert other.take() == taken[0]
    for each in (one, other):
        for block in taken:
            each.release(block)
