"""How late a timer of the loop fires."""

from __future__ import annotations

import asyncio

from simulator.records.metrics import Metrics
from simulator.telemetry.loop_lag import LoopLag
from tests.virtual import run_virtual


def test_an_idle_loop_has_no_lag_and_a_closed_meter_stops() -> None:
    async def main() -> None:
        metrics = Metrics(lambda: 0.0)
        metrics.lag_s = 7.0
        lag = LoopLag(metrics)
        lag.open()
        await asyncio.sleep(10)
        assert metrics.lag_s == 0.0
        lag.close()
        metrics.lag_s = 7.0
        await asyncio.sleep(10)
        assert metrics.lag_s == 7.0

    run_virtual(main)


def test_a_late_timer_is_measured_and_never_negative() -> None:
    async def main() -> None:
        metrics = Metrics(lambda: 0.0)
        lag = LoopLag(metrics)
        await asyncio.sleep(5)
        lag._measure(4.75)
        assert metrics.lag_s == 0.25
        lag.close()
        lag._measure(6.0)
        assert metrics.lag_s == 0.0
        lag.close()

    run_virtual(main)
