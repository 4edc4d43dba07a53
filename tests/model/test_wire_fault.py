from __future__ import annotations

import pytest

from simulator.model.wire_fault import FaultKind, WireFault


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (WireFault(FaultKind.LATENCY, 0.05, delay_s=0.2), "latency 200ms for 5 % of the requests"),
        (WireFault(FaultKind.STATUS, 0.125, status=502), "status 502 for 12.500% of the requests"),
        (WireFault(FaultKind.RESET), "reset for 100 % of the requests"),
        (
            WireFault(FaultKind.SLOW_BYTES, rate_bytes_per_s=512.0),
            "slow bytes at 512 bytes/s for 100 % of the requests",
        ),
    ],
)
def test_a_fault_describes_its_effect(fault: WireFault, text: str) -> None:
    assert str(fault) == text


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"share": 1.5}, "share = 1.5, must be 0 to 1"),
        ({"delay_s": -1.0}, "delay = -1 s, must be at least 0 s"),
        ({"status": 200}, "status = 200, must be 400 to 599"),
        ({"rate_bytes_per_s": 0.0}, "rate = 0 bytes/s, must be more than 0"),
    ],
)
def test_values_out_of_range_are_rejected(values: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WireFault(FaultKind.LATENCY, **values)  # type: ignore[arg-type]
