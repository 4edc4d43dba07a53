"""The reaction of a run to an error in a user's policy."""

from __future__ import annotations

from enum import StrEnum


class OnPolicyError(StrEnum):
    STOP = "stop"
    HOLD = "hold"
