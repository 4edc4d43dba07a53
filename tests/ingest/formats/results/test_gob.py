from __future__ import annotations

import pytest

from simulator.ingest.formats.results.gob import GobReader

# The example of the documentation of encoding/gob: `type Point struct {X, Y int}`, and Point{22, 33}.
POINT_TYPE = bytes.fromhex("1fff8103010105506f696e7401ff8200010201015801040001015901040000 00".replace(" ", ""))
POINT = bytes.fromhex("07ff82012c014200")


def test_the_example_of_the_documentation_is_read() -> None:
    assert list(GobReader().structures([POINT_TYPE + POINT])) == [{"X": 22, "Y": 33}]
    assert GobReader().fields(POINT_TYPE + POINT) == ["X", "Y"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 30])
def test_a_stream_may_come_in_parts_of_any_size(size: int) -> None:
    stream = POINT_TYPE + POINT * 3
    parts = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert list(GobReader().structures(parts)) == [{"X": 22, "Y": 33}] * 3


def test_a_field_of_value_zero_is_not_sent() -> None:
    only_y = bytes.fromhex("05ff82024200")
    assert list(GobReader().structures([POINT_TYPE + only_y])) == [{"Y": 33}]


@pytest.mark.parametrize(
    "number",
    [
        pytest.param((7, "07"), id="one byte"),
        pytest.param((256, "fe0100"), id="two bytes"),
        pytest.param((2**63, "f88000000000000000"), id="eight bytes"),
    ],
)
def test_numbers_have_one_to_eight_bytes(number: tuple[int, str]) -> None:
    value, encoded = number
    fields = bytes.fromhex("ff8201" + encoded + "00")
    stream = POINT_TYPE + bytes([len(fields)]) + fields
    ((found),) = GobReader().structures([stream])
    assert found["X"] == (~(value >> 1) if value & 1 else value >> 1)  # of a signed field: bit 0 is the sign


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(POINT_TYPE + POINT[:-1], id="cut off"),
        pytest.param(POINT, id="a value of no type"),
        pytest.param(POINT_TYPE + bytes.fromhex("05ff82042c00"), id="a field that the type does not have"),
        pytest.param(b"\x80" + b"\xff" * 200, id="a length that cannot be"),
    ],
)
def test_what_is_no_stream_is_an_error(stream: bytes) -> None:
    with pytest.raises((ValueError, LookupError)):
        list(GobReader().structures([stream]))
