"""Messages are encoded here by the rules of protobuf; two are what an engine of Docker 20.10 sent."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from simulator.fleet.docker.buildkit_progress import BuildkitProgress

# From `FROM busybox` and `RUN echo fails >&2`: the start of a remote context, and that of a step.
CONTEXT = (
    "CnwKR3NoYTI1NjplN2IxN2U3MDNiOTMxZGZlMzE3MDNiNjQ2MDcxODM5MWUzYzkwZjZiNWI4NTAxNzdjYWExNjRlNTZiNTc2MmU0GiRbaW50ZXJuYWxd"
    "IGxvYWQgcmVtb3RlIGJ1aWxkIGNvbnRleHQqCwjR0rTYBhCEv5tq"
)
COPY = "CtMBCkdzaGEyNTY6MWUyZjhlNzBjMTU1MTIyNGNmZTE4OWQ0OGU0MDA0MDdiZDgyNGFmZWQzNTBjZWRlMWY0ZjFhMmVmNDExNjZj"


def number(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def field(index: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return number(index << 3) + number(value)
    return number(index << 3 | 2) + number(len(value)) + value


def step(digest: str, name: str, *, cached: bool = False, started: bool = True, completed: bool = False) -> bytes:
    time = field(1, 1_700_000_000) + field(2, 5)
    parts = [field(1, digest.encode()), field(2, b"input"), field(3, name.encode()), field(4, int(cached))]
    parts += [field(5, time)] * started + [field(6, time)] * completed
    return field(1, b"".join(parts))


def log(digest: str, text: bytes) -> bytes:
    return field(3, field(1, digest.encode()) + field(2, field(1, 1)) + field(3, 2) + field(4, text))


def lines(*messages: bytes) -> list[str]:
    progress = BuildkitProgress()
    told = [line for message in messages for line in progress.lines(base64.b64encode(message).decode())]
    return [*told, *progress.rest()]


def test_a_step_is_told_once_when_it_starts() -> None:
    told = lines(
        step("a", "[1/2] FROM busybox", started=False),
        step("a", "[1/2] FROM busybox"),
        step("a", "[1/2] FROM busybox", completed=True) + step("b", "[2/2] RUN make", cached=True),
        step("c", "[internal] load remote build context"),
    )
    assert told == ["[1/2] FROM busybox", "[2/2] RUN make (cached)"]


def test_output_of_steps_that_run_at_the_same_time_is_joined_by_step() -> None:
    told = lines(
        step("a", "RUN one") + step("b", "RUN two"),
        log("a", b"on") + log("b", b"tw"),
        log("a", b"e\nmore\n") + log("b", b"o\n"),
    )
    assert told == ["RUN one", "RUN two", "one", "more", "two"]


def test_output_without_a_line_break_is_told_when_its_step_ends() -> None:
    messages = (step("a", "RUN one"), log("a", b"no end"), step("a", "RUN one", completed=True), step("b", "RUN two"))
    assert lines(*messages) == ["RUN one", "no end", "RUN two"]
    assert lines(step("a", "RUN one"), log("a", b"\xffno end")) == ["RUN one", "\ufffdno end"]


def test_messages_of_an_engine() -> None:
    progress = BuildkitProgress()
    assert list(progress.lines(CONTEXT)) == []
    assert list(progress.lines(COPY)) == []  # cut off
    assert list(progress.lines("no base64")) == []


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(message: bytes) -> None:
    for prefix in (b"", field(1, message), field(3, message)):
        lines(prefix + message)
