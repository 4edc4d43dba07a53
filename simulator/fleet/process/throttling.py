"""What an idle instance loses. Every service has the setting, so it is apart from the drivers, which few runs need."""

from __future__ import annotations

from enum import StrEnum


class Throttling(StrEnum):
    """What an idle instance loses. It keeps its memory in every case."""

    NONE = "none"
    SHARE = "share"  # all CPU except a small share, as on App Runner; FREEZE if there are no control groups
    FREEZE = "freeze"  # all CPU: timers and background work stop
