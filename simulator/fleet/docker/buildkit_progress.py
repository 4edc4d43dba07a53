"""Progress of a build by BuildKit, as the engine reports it: protobuf messages in the lines of its JSON stream.

The messages are `StatusResponse` of BuildKit's control API (api/services/control/control.proto of moby/buildkit). Its
few fields are decoded here, because no maintained Python package contains them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Final

TRACE: Final = "moby.buildkit.trace"  # `id` of the lines that carry a message

# Numbers of the fields that are read.
_VERTEXES, _LOGS = 1, 3
_DIGEST, _NAME, _CACHED, _STARTED, _COMPLETED = 1, 3, 4, 5, 6  # of a vertex
_VERTEX, _MESSAGE = 1, 4  # of a log
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5  # wire types
_INTERNAL: Final = ("[internal]", "copy /context", "resolve image config", "exporting", "writing image", "naming to")


class BuildkitProgress:
    """Converts the messages of one build to log lines: each step once, when it starts, and the output of its commands.

    Steps of several stages run at the same time, so their lines mix.
    """

    def __init__(self) -> None:
        self._reported: set[bytes] = set()  # steps, by digest
        self._rest: dict[bytes, bytes] = {}  # output of a step after its last line break

    def lines(self, message: str) -> Iterator[str]:
        """Yield the lines of a message, in base64; nothing if it cannot be decoded."""
        try:
            fields = list(_fields(base64.b64decode(message, validate=True)))
        except (ValueError, binascii.Error):
            return
        for number, value in fields:
            if number == _VERTEXES and isinstance(value, bytes):
                yield from self._of_step(value)
        for number, value in fields:
            if number == _LOGS and isinstance(value, bytes):
                yield from self._of_log(value)
        for number, value in fields:
            if number == _VERTEXES and isinstance(value, bytes):
                yield from self._of_end(value)

    def rest(self) -> Iterator[str]:
        """Yield the output that did not end with a line break. Call it at the end."""
        for text in self._rest.values():
            if text:
                yield text.decode(errors="replace")
        self._rest.clear()

    def _of_step(self, message: bytes) -> Iterator[str]:
        step: dict[int, Any] = dict(_fields(message))
        digest, name = step.get(_DIGEST, b""), step.get(_NAME, b"").decode(errors="replace")
        if _STARTED not in step or digest in self._reported:
            return
        self._reported.add(digest)
        if not name.startswith(_INTERNAL):
            yield f"{name} (cached)" if step.get(_CACHED) else name

    def _of_end(self, message: bytes) -> Iterator[str]:
        step: dict[int, Any] = dict(_fields(message))
        rest = self._rest.pop(step.get(_DIGEST, b""), b"") if _COMPLETED in step else b""
        if rest:
            yield rest.decode(errors="replace")

    def _of_log(self, message: bytes) -> Iterator[str]:
        log: dict[int, Any] = dict(_fields(message))
        vertex = log.get(_VERTEX, b"")
        *lines, self._rest[vertex] = (self._rest.get(vertex, b"") + log.get(_MESSAGE, b"")).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of the fields of a message. Raises ValueError if it is cut off or has another form."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire_type = key >> 3, key & 7
        if wire_type == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire_type == _BYTES:
            length, at = _varint(message, at)
        elif wire_type in {_FIXED_64, _FIXED_32}:
            length = 8 if wire_type == _FIXED_64 else 4
        else:
            msg = f"wire type = {wire_type}, must be 0, 1, 2 or 5"
            raise ValueError(msg)
        if at + length > len(message):
            msg = f"message = {len(message)} bytes, must have {at + length}"
            raise ValueError(msg)
        yield number, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return an integer of variable length and the index after it."""
    value = shift = 0
    while at < len(message):
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:  # the highest bit is set if another byte follows
            return value, at
    msg = "message = cut off in a number, must be complete"
    raise ValueError(msg)
