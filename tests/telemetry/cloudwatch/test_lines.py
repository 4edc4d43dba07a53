"""Log events within the limits of PutLogEvents, in groups and streams with the documented names."""

from __future__ import annotations

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.telemetry.cloudwatch.lines import (
    EVENT_BYTES_MAX,
    EVENTS_MAX,
    REQUEST_BYTES_MAX,
    SPAN_MS_MAX,
    LogLine,
    line_of,
    stream_of,
    take_batch,
)
from simulator.telemetry.cloudwatch.platform_view import ServiceIdentity

WEB = ServiceIdentity("web", "a" * 32, "eu-west-1")


def line(at_s: float, text: str) -> LogLine:
    made = line_of(at_s, text)
    assert made is not None
    return made


def test_names_are_the_documented_ones() -> None:
    events, build, instance = (
        stream_of(WEB, name) for name in ("events", "deployment/" + "c" * 32, "instance/" + "d" * 32)
    )
    assert events.group == build.group == f"/aws/apprunner/web/{'a' * 32}/service"
    assert instance.group == f"/aws/apprunner/web/{'a' * 32}/application"
    assert (events.name, build.name, instance.name) == ("events", "deployment/" + "c" * 32, "instance/" + "d" * 32)
    assert instance.region == "eu-west-1"


def test_a_long_line_is_cut_between_characters_and_an_empty_one_dropped() -> None:
    assert line_of(1.0, "") is None
    cut = line(1.2345, "é" * 200_000)
    assert cut.at_ms == 1234
    assert len(cut.text.encode()) + 26 == cut.size_bytes
    assert EVENT_BYTES_MAX - 1 <= cut.size_bytes <= EVENT_BYTES_MAX
    assert set(cut.text) == {"é"}
    assert line(0.0, "\ud800").text == "?"  # characters without an encoding are replaced


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(0, 3 * SPAN_MS_MAX), st.sampled_from((1, 1000, 200_000, 262_000))),
        min_size=1,
        max_size=40,
    )
)
def test_every_batch_keeps_every_limit_and_no_line_is_lost(drawn: list[tuple[int, int]]) -> None:
    given_lines = [LogLine(at_ms, str(number), size + 26) for number, (at_ms, size) in enumerate(drawn)]
    waiting, taken = deque(given_lines), []
    while waiting:
        batch = take_batch(waiting)
        assert batch
        assert sum(each.size_bytes for each in batch) <= REQUEST_BYTES_MAX
        times = [each.at_ms for each in batch]
        assert times == sorted(times)
        assert times[-1] - times[0] <= SPAN_MS_MAX
        taken += batch
    assert sorted(taken, key=lambda each: int(each.text)) == given_lines


def test_a_batch_has_at_most_ten_thousand_events() -> None:
    waiting = deque(LogLine(second, "x", 27) for second in range(EVENTS_MAX + 5))
    assert [len(take_batch(waiting)), len(take_batch(waiting))] == [EVENTS_MAX, 5]
