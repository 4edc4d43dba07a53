"""Reads structures from a gob stream, the binary encoding of Go's standard library.

Format: documentation of Go's package encoding/gob, "Encoding Details": messages with their length in front, each the
definition of a type (a negative number) or a value of one. Values of interface type are not read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

# A message is one value: with its body and headers, some kilobytes of a usual result.
_MESSAGE_BYTES_MAX: Final = 256 * 1024**2
_DEPTH_MAX: Final = 32

_BOOL, _INT, _UINT, _FLOAT, _BYTES, _STRING, _COMPLEX = range(1, 8)
_WIRE: Final = 16


class _Struct(NamedTuple):
    fields: tuple[tuple[str, int], ...]


class _Sequence(NamedTuple):
    element: int


class _Map(NamedTuple):
    key: int
    element: int


class _Opaque(NamedTuple):
    """A type that encodes itself, such as a time: its bytes are its value."""


_Type = _Struct | _Sequence | _Map | _Opaque
# The types of type definitions, which no stream defines; 24 is of this module only.
_COMMON: Final = ("CommonType", 18)
_DEFINING: Final[dict[int, _Type]] = {
    _WIRE: _Struct(
        (
            ("ArrayT", 17),
            ("SliceT", 19),
            ("StructT", 20),
            ("MapT", 23),
            ("GobEncoderT", 24),
            ("BinaryMarshalerT", 24),
            ("TextMarshalerT", 24),
        )
    ),
    17: _Struct((_COMMON, ("Elem", _INT), ("Len", _INT))),
    18: _Struct((("Name", _STRING), ("Id", _INT))),
    19: _Struct((_COMMON, ("Elem", _INT))),
    20: _Struct((_COMMON, ("Field", 22))),
    21: _Struct((("Name", _STRING), ("Id", _INT))),
    22: _Sequence(21),
    23: _Struct((_COMMON, ("Key", _INT), ("Elem", _INT))),
    24: _Struct((_COMMON,)),
}


class _Cursor:
    """A place in the bytes of a message."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def unsigned(self) -> int:
        """Return a number: a byte below 128, or the negative count of the bytes that follow."""
        first = self.data[self.at]
        self.at += 1
        if first < 128:
            return first
        return int.from_bytes(self.take(256 - first, 8), "big")

    def signed(self) -> int:
        number = self.unsigned()
        return ~(number >> 1) if number & 1 else number >> 1

    def take(self, count: int, most: int = _MESSAGE_BYTES_MAX) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) < count or count > most:
            raise ValueError(f"{count} bytes at byte {self.at} of a message of {len(self.data)}")
        self.at += count
        return taken


class GobReader:
    """The types of one stream, and its values."""

    def __init__(self) -> None:
        self._types = dict(_DEFINING)

    def structures(self, parts: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        """Yield each structure by the names of its fields; a field that is zero or empty is left out.

        Raises:
            ValueError, LookupError: for a stream that is not gob, or has values of interface type.
        """
        for message in _messages(parts):
            cursor = _Cursor(message)
            number = cursor.signed()
            if number < 0:
                self._define(-number, self._value(cursor, _WIRE, 0))
            elif isinstance(self._types[number], _Struct):
                yield self._value(cursor, number, 0)

    def fields(self, head: bytes) -> Sequence[str]:
        """Return the names of the fields of the first structure that a stream defines; empty if it defines none."""
        try:
            for message in _messages([head]):
                cursor = _Cursor(message)
                number = cursor.signed()
                if number >= 0:
                    break
                definition = self._value(cursor, _WIRE, 0)
                if "StructT" in definition:
                    return [field["Name"] for field in definition["StructT"].get("Field", ())]
        except (ValueError, LookupError):
            pass
        return ()

    def _define(self, number: int, definition: dict[str, Any]) -> None:
        ((kind, given),) = definition.items()
        match kind:
            case "StructT":
                self._types[number] = _Struct(tuple((field["Name"], field["Id"]) for field in given.get("Field", ())))
            case "SliceT" | "ArrayT":
                self._types[number] = _Sequence(given["Elem"])
            case "MapT":
                self._types[number] = _Map(given["Key"], given["Elem"])
            case _:
                self._types[number] = _Opaque()

    def _value(self, cursor: _Cursor, number: int, depth: int) -> Any:
        """Return the value of a type at the cursor."""
        if depth > _DEPTH_MAX:
            raise ValueError("structures within structures")
        if number <= _COMPLEX:
            return _basic(cursor, number)
        kind = self._types[number]
        match kind:
            case _Struct():
                return self._structure(cursor, kind, depth)
            case _Sequence():
                return [self._value(cursor, kind.element, depth + 1) for _ in range(_count(cursor))]
            case _Map():
                return [
                    (self._value(cursor, kind.key, depth + 1), self._value(cursor, kind.element, depth + 1))
                    for _ in range(_count(cursor))
                ]
            case _Opaque():
                return cursor.take(cursor.unsigned())

    def _structure(self, cursor: _Cursor, kind: _Struct, depth: int) -> dict[str, Any]:
        """Return the fields that are sent: each with the distance from the field before it, until a distance of 0."""
        found, place = {}, -1
        while distance := cursor.unsigned():
            place += distance
            name, number = kind.fields[place]
            found[name] = self._value(cursor, number, depth + 1)
        return found


def _count(cursor: _Cursor) -> int:
    """Return the number of elements, of which each is at least a byte."""
    count = cursor.unsigned()
    if count > len(cursor.data) - cursor.at:
        raise ValueError(f"{count} elements in {len(cursor.data) - cursor.at} bytes")
    return count


def _basic(cursor: _Cursor, number: int) -> Any:
    match number:
        case 1:
            return bool(cursor.unsigned())
        case 2:
            return cursor.signed()
        case 3:
            return cursor.unsigned()
        case 4:  # the bytes of a float in reverse, so that trailing zeros are not sent
            return struct.unpack(">d", cursor.unsigned().to_bytes(8, "little"))[0]
        case 5:
            return cursor.take(cursor.unsigned())
        case 6:
            return cursor.take(cursor.unsigned()).decode(errors="replace")
        case _:
            raise ValueError(f"a value of type {number}")


def _messages(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the messages, each without its length. A rest that is shorter than its length says is an error."""
    rest = b""
    for part in parts:
        rest += part
        at = 0
        while (found := _message_at(rest, at)) is not None:
            begin, at = found
            yield rest[begin:at]
        rest = rest[at:]
    if rest:
        raise ValueError(f"{len(rest)} bytes behind the last whole message")


def _message_at(data: bytes, at: int) -> tuple[int, int] | None:
    """Return where the message at a place begins and ends; None if it is not whole."""
    if at >= len(data):
        return None
    size = 256 - data[at] if data[at] >= 128 else 0
    if size > 4:
        raise ValueError(f"a length of {size} bytes")
    if at + 1 + size > len(data):
        return None
    length = int.from_bytes(data[at + 1 : at + 1 + size], "big") if size else data[at]
    if not 0 < length <= _MESSAGE_BYTES_MAX:
        raise ValueError(f"a message of {length} bytes")
    begin = at + 1 + size
    return None if begin + length > len(data) else (begin, begin + length)
