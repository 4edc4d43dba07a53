"""The notes that are read before the figures."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.records.histogram import Histogram
from simulator.report.notes import late_load_notes, note_parts
from simulator.traffic.live.summary import KEPT_UP_S
from simulator.traffic.policy_fit import NoteKind, PolicyNote


def recorded(*seconds: float) -> Histogram:
    histogram = Histogram()
    histogram.record(np.array(seconds))
    return histogram


@pytest.mark.parametrize("kind", NoteKind)
def test_every_kind_of_note_is_a_kind_of_the_report(kind: NoteKind) -> None:
    (part,) = note_parts([PolicyNote("web", "hpa", kind, "it waits")])
    assert (part.service, part.policy, part.kind, part.text) == ("web", "hpa", kind.value, "it waits")


def test_notes_keep_their_order() -> None:
    notes = [PolicyNote("b", "x", NoteKind.BROUGHT, "1"), PolicyNote("a", "x", NoteKind.CANNOT_ACT, "2")]
    assert [part.text for part in note_parts(notes)] == ["1", "2"]


@pytest.mark.parametrize(
    "late", [[], [KEPT_UP_S / 2] * 100, [*[0.001] * 995, *[3.0] * 5]], ids=["no request", "in time", "five of 1,000"]
)
def test_a_generator_that_kept_up_needs_no_note(late: list[float]) -> None:
    assert late_load_notes(recorded(*late), recorded(0.1)) == []


def test_a_generator_that_was_late_is_reported_with_its_share_and_its_lateness() -> None:
    # Half of the requests 2 s late: the mean lateness is a second.
    (note,) = late_load_notes(recorded(*[0.0001] * 500, *[2.0] * 500), recorded(*[1.5] * 1000))
    assert (note.service, note.kind) == ("", "late load")
    assert "50.0 % of the requests were sent" in note.text
    assert "the latest 2.00 s" in note.text
    assert "1.00 s on average, where the mean latency is 1.50 s" in note.text


def test_without_served_requests_no_latency_is_compared() -> None:
    (note,) = late_load_notes(recorded(*[2.0] * 100), Histogram())
    assert "2.00 s on average. What the services were offered" in note.text
