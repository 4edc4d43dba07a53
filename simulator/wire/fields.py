"""What requests and answers share: sorting a head's fields, and the Connection field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simulator.wire.grammar import FIELD, LOOSE_END

# Options of Connection that do not name a field, or name one that is dropped anyway.
_OPTIONS: Final = frozenset({b"close", b"keep-alive", b"upgrade", b"te", b"http2-settings"})


def sort_fields(block: bytes, special: Mapping[bytes, bytes], kept: list[bytes]) -> tuple[dict[bytes, bytes], int]:
    """Append the lines of `block` that `special` does not name to `kept`; return the others' values, and the count.

    `special`: name in lower case -> key of its value in the result, b"" to throw the field away. Values of a repeated
    field are joined by commas, so that whoever wants one number or one name refuses the list.
    """
    if b" \r\n" in block or b"\t\r\n" in block:  # white space behind a value is none of it (RFC 9110 5.5)
        block = LOOSE_END.sub(b"\r\n", block)
    fields = FIELD.findall(block)
    findings: dict[bytes, bytes] = {}
    keep, key_of = kept.append, special.get
    for line, name, value in fields:
        key = key_of(name.lower())
        if key is None:
            keep(line)
        elif key:
            bare = value.strip(b" \t\r")
            findings[key] = b"%b, %b" % (findings[key], bare) if key in findings else bare
    return findings, len(fields)


def connection_tokens(value: bytes) -> frozenset[bytes]:
    return frozenset(token.strip(b" \t") for token in value.lower().split(b","))


def without_named(lines: list[bytes], tokens: frozenset[bytes]) -> list[bytes]:
    """`lines` without the fields that Connection named (RFC 9110 7.6.1)."""
    named = tokens - _OPTIONS
    return [line for line in lines if line.partition(b":")[0].lower() not in named] if named else lines
