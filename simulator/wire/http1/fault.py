"""A violation of HTTP by a peer."""

from __future__ import annotations


class ProtocolError(Exception):
    """A peer violated HTTP. `status`: for the answer, if a client did; `why`: for logs and bodies."""

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.why = why
        self.status = status
