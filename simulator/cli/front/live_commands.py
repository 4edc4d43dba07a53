"""What `serve` and `up` offer other commands at their admin endpoint: `simulator why --live` and `simulator fault`."""

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
    """Offer the actions for the services of a platform."""
    admin.add(ACTION, LiveScaling(platform).answer)
    FaultActions(platform).add_to(admin)


@contextlib.asynccontextmanager
async def live_commands(state: Path, name: str, platform: Platform) -> AsyncIterator[None]:
    """Offer the actions at an endpoint of its own, for a platform without a control plane.

    `name`: that of the project, by which a user chooses between several simulators with one state folder. Files of
    killed ones are removed.
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
