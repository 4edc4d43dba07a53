"""Names of the backends that play a run in virtual time, as accepted by `--backend`."""

from __future__ import annotations

from typing import Final

AUTO: Final = "auto"
COMPILED: Final = "compiled"
EVENT_LOOP: Final = "event-loop"
BACKEND_NAMES: Final = (AUTO, COMPILED, EVENT_LOOP)
