"""Where the console listens, and what is said when it cannot."""

from __future__ import annotations

from typing import Final

DEFAULT_PORT: Final = 8700


def port_taken(port: int, error: OSError) -> str:
    return f"console-port = {port}, cannot be listened on: {error.strerror}; 0 is any free one"
