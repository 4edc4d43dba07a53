"""The settings of the server of tools."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

TIME_LIMIT_S: Final = 300.0
MEMORY_BYTES: Final = 4 * 1024**3


class ToolServerSettings(BaseModel):
    """What the tools may do, and how much of the machine a call may use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: Path
    """The folder whose files the tools read."""
    allows_writes: bool = False
    """True: the tool that writes scenario files is offered."""
    allows_python: bool = False
    """True: scenarios may use policies in Python files below the root, which are executed."""
    time_limit_s: float = TIME_LIMIT_S
    """The longest time that a call may take."""
    memory_bytes: int = MEMORY_BYTES
    """The most memory that a process which plays may use."""
    workers: int = 1
    """Processes for the runs of a comparison or a tuning."""
