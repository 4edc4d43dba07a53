from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from simulator.fleet.process.confinement.line_splitter import LineSplitter, OutputPipe
from tests.loops import both_loops


def _read(*pieces: bytes, line_bytes_max: int = 100) -> list[str]:
    lines: list[str] = []
    splitter = LineSplitter(lines.append, line_bytes_max)
    for piece in pieces:
        splitter.feed(piece)
    splitter.end()
    return lines


@given(st.text(alphabet="ab\n\r", max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_however_the_bytes_are_cut_the_lines_are_the_same(text: str, cuts: list[int]) -> None:
    data, edges = text.encode(), sorted(cuts)
    pieces = [data[a:b] for a, b in zip([0, *edges], [*edges, len(data)], strict=True)]
    assert _read(*pieces) == _read(data)


def test_a_last_line_without_newline_is_emitted_at_the_end() -> None:
    assert _read(b"one\ntwo") == ["one", "two"]


def test_an_empty_line_is_a_line() -> None:
    assert _read(b"a\n\nb\n") == ["a", "", "b"]


def test_a_long_line_is_emitted_in_pieces_and_nothing_is_lost() -> None:
    lines = _read(b"x" * 250 + b"\nend\n")
    assert [len(line) for line in lines] == [100, 100, 50, 3]


def test_a_line_that_never_ends_keeps_no_more_than_the_limit() -> None:
    lines: list[str] = []
    splitter = LineSplitter(lines.append, 100)
    for _ in range(1000):
        splitter.feed(b"x" * 77)
    assert len(splitter._rest) <= 100
    assert sum(map(len, lines)) + len(splitter._rest) == 77_000


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    assert _read(b"caf\xe9\n") == ["caf\N{REPLACEMENT CHARACTER}"]


@both_loops
async def test_a_pipe_is_read_to_its_end() -> None:
    lines: list[str] = []
    pipe = OutputPipe(LineSplitter(lines.append, 100))
    os.write(pipe.child_end, b"hello\nworld")
    pipe.close_child_end()
    await pipe.ended
    assert lines == ["hello", "world"]


@both_loops
async def test_a_closed_pipe_emits_its_remaining_bytes() -> None:
    lines: list[str] = []
    pipe = OutputPipe(LineSplitter(lines.append, 100))
    pipe._splitter.feed(b"half")
    pipe.close()
    pipe.close()
    assert pipe.ended.done()
    assert lines == ["half"]
