"""The error for a peer that violates HTTP."""

from __future__ import annotations


class ProtocolError(Exception):
    """A peer violated HTTP. `status` is that of the response, if the peer is a client; `why` is for logs and bodies."""

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.why = why
        self.status = status
