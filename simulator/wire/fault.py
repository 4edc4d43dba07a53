"""A peer broke the rules of HTTP."""

from __future__ import annotations


class ProtocolError(Exception):
    """`status` is what a client that sent it should be told; `why` is for logs and bodies."""

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.why = why
        self.status = status
