"""The actions for `simulator why --live` and `simulator fault` at the admin endpoints of `serve` and `up`."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.cli.front.fault_actions import FaultActions
from simulator.cli.front.live_scaling import ACTION, LiveScaling

if TYPE_CHECKING:
    from simulator.api.admin import AdminEndpoint
    from simulator.platform.platform import Platform


def add_live_commands(admin: AdminEndpoint, platform: Platform) -> None:
    """Add the actions on the services of a platform to an admin endpoint."""
    admin.add(ACTION, LiveScaling(platform).answer)
    FaultActions(platform).add_to(admin)


@contextlib.asynccontextmanager
async def live_commands(state: Path, name: str, platform: Platform) -> AsyncIterator[None]:
    """Offer the actions at an admin endpoint of their own, for a platform without a control plane.

    `name` is that of the project; users select one of several simulators with the same state folder by it. Files of
    killed simulators are removed.
    """
    from simulator.api.admin import UP_FOLDER, AdminEndpoint  # noqa: PLC0415 an HTTP server, which `serve` has already

    folder = state / UP_FOLDER
    _remove_abandoned(folder)
    admin = AdminEndpoint(folder / f"{name}-{os.getpid()}.json", name, secrets.token_hex(), {})
    add_live_commands(admin, platform)
    try:
        await admin.open()
        yield
    finally:
        await admin.close()


def _remove_abandoned(folder: Path) -> None:
    for file in folder.glob("*.json"):
        pid = file.stem.rpartition("-")[2]
        if not (pid.isascii() and pid.isdecimal() and Path(f"/proc/{pid}").exists()):
            file.unlink(missing_ok=True)
