"""The error for a violation of HTTP: its reason, and the status of the response."""

from __future__ import annotations

from simulator.wire.http1.fault import ProtocolError


def test_an_error_has_its_reason_and_400_by_default() -> None:
    fault = ProtocolError("two Host lines")
    assert (fault.why, fault.status, str(fault)) == ("two Host lines", 400, "two Host lines")
    assert ProtocolError("no end", 502).status == 502
