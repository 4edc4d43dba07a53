"""What a run does when a policy of the user's fails."""

from __future__ import annotations

from enum import StrEnum


class OnPolicyError(StrEnum):
    STOP = "stop"
    HOLD = "hold"
