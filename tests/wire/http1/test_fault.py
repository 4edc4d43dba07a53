"""A violation of HTTP: its reason, and the status of the answer."""

from __future__ import annotations

from simulator.wire.http1.fault import ProtocolError


def test_a_fault_has_its_reason_and_by_default_the_status_of_a_client() -> None:
    fault = ProtocolError("two Host lines")
    assert (fault.why, fault.status, str(fault)) == ("two Host lines", 400, "two Host lines")
    assert ProtocolError("no end", 502).status == 502
