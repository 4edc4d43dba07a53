"""The live front's ports."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from simulator.assembly.front import Front, LiveSettings
from simulator.wire.listening import CannotListen
from simulator.world.chance import Chance


@pytest.mark.case("P22")
async def test_a_redirect_port_that_is_taken_is_replaced_only_where_nobody_asked_for_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        front = Front(LiveSettings(tmp_path, http_port=port, http_port_or_any=True), Chance(1))
        await front.open()
        assert (front.http_port_wanted, front.http_port != port, front.http_port > 0) == (port, True, True)
        await front.close()

        front = Front(LiveSettings(tmp_path, http_port=port), Chance(1))
        with pytest.raises(CannotListen):
            await front.open()
        await front.close()
