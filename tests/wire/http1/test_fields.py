"""Lines of a head: which are fields, which are forwarded, and which are cached."""

from __future__ import annotations

import string
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simulator.wire.http1.fault import ProtocolError
from simulator.wire.http1.fields import ENTRY_BYTES_MAX, LINES_MAX, NAMES_MAX, BoundedCache, FieldTable

KEYS: Final = {b"host": b"host", b"connection": b"connection", b"te": b"", b"x-judged": b"x-judged", b"x-dropped": b""}
# Cached with its value or not, extracted, dropped or kept: every case of the table.
NAMES: Final = [b"Accept", b"X-A", b"Host", b"Connection", b"TE", b"X-Judged", b"X-Dropped", b"cookie"]

Sorted = tuple[list[bytes], dict[bytes, bytes]] | int


def sort(table: FieldTable, *lines: bytes) -> Sorted:
    """Return the forwarded lines and the extracted values, or the status of the rejection."""
    kept: list[bytes] = []
    try:
        findings = table.sort(list(lines), kept)
    except ProtocolError as rejected:
        return rejected.status
    return kept, findings


def cached(table: FieldTable) -> list[bytes]:
    """Return every byte string that the table has cached."""
    verdicts = [value for _, value in table._lines.values()]
    return [*table._lines, *verdicts, *table._names]


LINES: Final = st.one_of(
    st.builds(
        lambda name, value: name + b":" + value,
        st.sampled_from(NAMES),
        st.sampled_from([b"", b" a", b"b", b" \tc\t ", b" close, x-a", b" \xff", b" a\x00", b" a\rb", b"\n", b"\x7f"]),
    ),
    st.sampled_from([b"", b"X-A", b" folded", b" Accept: a", b"Accept : a", b"\tX", b":", b"Accept"]),
    st.binary(max_size=12),
)


@given(st.lists(st.lists(LINES, max_size=4), max_size=6))
@example([[b"Accept: a"], [b"Accept: a\x00"], [b"Accept: a"]])
def test_cached_lines_have_the_same_results_as_new_ones(heads: list[list[bytes]]) -> None:
    warm = FieldTable(KEYS, lines_max=3)  # so few that the cache is cleared, in the middle of a head
    for head in heads + heads:
        assert sort(warm, *head) == sort(FieldTable(KEYS), *head)


TOKEN_BYTES: Final = (string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~").encode()  # RFC 9110 5.6.2


def is_field(line: bytes) -> bool:
    """Return True for a field by RFC 9110 5.1 and 5.5."""
    name, colon, value = line.partition(b":")
    return (
        bool(name)
        and colon == b":"
        and all(byte in TOKEN_BYTES for byte in name)
        and all(byte == 0x09 or (byte >= 0x20 and byte != 0x7F) for byte in value)
    )


@given(LINES)
def test_a_line_is_accepted_exactly_if_it_is_a_field(line: bytes) -> None:
    assert (sort(FieldTable(KEYS), line) != 400) == is_field(line)


@pytest.mark.parametrize("name", NAMES)
def test_every_control_character_except_tab_is_rejected_in_every_kind_of_field(name: bytes) -> None:
    table = FieldTable(KEYS)
    rejected = {byte for byte in range(256) if sort(table, name + b": a%cb" % byte, b"X-A: good") == 400}
    assert rejected == {*range(0x20), 0x7F} - {0x09}


def test_a_table_rejects_with_its_own_status() -> None:
    table = FieldTable(KEYS, status=502)
    for bad in (b"no colon", b"a b: c", b"Accept: \x00", b"X-A: \x00"):
        assert sort(table, bad) == 502


def test_values_of_a_repeated_field_are_joined_in_order() -> None:
    assert sort(FieldTable(KEYS), b"X-Judged: a", b"x-judged:b", b"X-JUDGED: a") == ([], {b"x-judged": b"a, b, a"})


def test_lines_that_are_not_extracted_keep_order_case_and_repetition() -> None:
    lines = [b"X-B: 2", b"Accept: a", b"X-Dropped: 3", b"x-b:  1", b"Accept: a"]
    assert sort(FieldTable(KEYS), *lines) == ([b"X-B: 2\r\n", b"Accept: a\r\n", b"x-b:  1\r\n", b"Accept: a\r\n"], {})


@pytest.mark.row(24)
@pytest.mark.parametrize("name", [b"Accept", b"X-A"])
@pytest.mark.parametrize("space", [b" ", b"\t", b" \t \t"])
def test_only_white_space_after_a_value_is_not_forwarded(name: bytes, space: bytes) -> None:
    table = FieldTable(KEYS)
    for _ in range(2):  # validated, then cached
        assert sort(table, name + b": \ta b" + space) == ([name + b": \ta b\r\n"], {})


# --- cache -----------------------------------------------------------------------------------------------------------

SECRET: Final = b"hunter2"


@pytest.mark.parametrize(
    "line",
    [
        b"Cookie: session=" + SECRET,
        b"Set-Cookie: session=" + SECRET,
        b"Authorization: Bearer " + SECRET,
        b"Proxy-Authorization: Basic " + SECRET,
        b"X-Api-Key: " + SECRET,
        b"X-Amz-Security-Token: " + SECRET,
        b"Referer: https://a.example/?code=" + SECRET,
        b"Location: https://a.example/?code=" + SECRET,
        b"X-Anything: " + SECRET,
    ],
)
def test_no_secret_is_cached(line: bytes) -> None:
    table = FieldTable(KEYS)
    for _ in range(2):
        assert sort(table, b"Accept: a", line) == ([b"Accept: a\r\n", line + b"\r\n"], {})
    assert b"Accept: a" in cached(table)
    assert not any(SECRET in each for each in cached(table))


def test_an_error_is_not_cached() -> None:
    table = FieldTable(KEYS)
    for bad in (b"Accept", b"Accept : a", b"no name", b": a"):
        assert sort(table, bad) == 400
    assert cached(table) == []
    assert sort(table, b"Accept: \x00") == 400
    assert cached(table) == [b"Accept"]  # the name is valid


def test_new_lines_and_names_do_not_grow_the_caches_without_limit() -> None:
    table = FieldTable(KEYS)
    most_lines = most_names = 0
    for number in range(2 * LINES_MAX):
        sort(table, b"Accept: %d" % number, b"X-%d: a" % number)
        most_lines, most_names = max(most_lines, len(table._lines)), max(most_names, len(table._names))
    assert (most_lines, most_names) == (LINES_MAX, NAMES_MAX)


def test_long_lines_and_names_are_validated_but_not_cached() -> None:
    table = FieldTable(KEYS)
    line, name = b"Accept: " + b"a" * ENTRY_BYTES_MAX, b"X" * (ENTRY_BYTES_MAX + 1)
    assert sort(table, line, name + b": a") == ([line + b"\r\n", name + b": a\r\n"], {})
    assert cached(table) == [b"Accept"]


def test_a_full_cache_is_cleared_and_used_again() -> None:
    memory: BoundedCache[int] = BoundedCache(2)
    for number in range(3):
        assert memory.remember(b"%d" % number, number) == number
    assert memory == {b"2": 2}
