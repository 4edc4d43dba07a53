from __future__ import annotations

import zlib

import pytest

from simulator.control.state.entry_batches import AuditBatch, batched, unpacked
from simulator.control.state.log_entries import EntryKind, LogEntry


def entry(text: str, kind: EntryKind = EntryKind.AUDIT, service: str = "a", at: float = 1.5) -> LogEntry:
    return LogEntry(kind, at, "1/r", service, "events", text)


def test_the_audit_records_of_a_commit_become_one_batch_and_other_entries_keep_rows_of_their_own() -> None:
    line, event = entry("line", EntryKind.LOG), entry("event", EntryKind.EVENT)
    first, batch, last = batched(
        [line, event, entry("1"), entry("2", service="b"), entry("3"), entry("4", service=""), line]
    )
    assert (first, last) == ([line, event], [line])
    assert isinstance(batch, AuditBatch)
    assert (batch.count, batch.services) == (4, "a\nb")  # the newest service first
    assert list(batched([line, entry("alone")])) == [[line], [entry("alone")]]


def test_a_batch_gives_its_records_back_with_their_cursors() -> None:
    texts = ["", '{"a": "é"}', "caf\udce9", "line\nline", "x" * 100_000]
    records = [entry(text, at=1_700_000_000.1 + number / 3) for number, text in enumerate(texts)]
    (batch,) = batched(records)
    assert isinstance(batch, AuditBatch)
    found = list(unpacked(107, batch.records))
    assert [each.cursor for each in found] == [103, 104, 105, 106, 107]
    assert [each.at for each in found] == [each.at for each in records]
    assert [each.text for each in found] == [*texts[:2], "caf\\udce9", *texts[3:]]


@pytest.mark.parametrize("records", [b"", b"no zlib", zlib.compress(b"{"), zlib.compress(b"[7]"), zlib.compress(b"7")])
def test_a_damaged_batch_is_reported_with_its_cursor(records: bytes) -> None:
    with pytest.raises(ValueError, match="the batch of records at 9 is damaged"):
        list(unpacked(9, records))
