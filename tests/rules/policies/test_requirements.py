"""The trigger of a metric: its signal, and its limit in the signal's unit."""

from __future__ import annotations

from simulator.rules.policies.requirements import Signal, Trigger, trigger_of


def test_a_share_of_cpu_is_a_number_of_vcpus() -> None:
    assert trigger_of("cpu", 0.7, 2.0) == Trigger(Signal.CPU, 1.4)


def test_requests_and_concurrency_keep_their_unit() -> None:
    assert trigger_of("requests", 50.0, 2.0) == Trigger(Signal.RATE, 50.0)
    assert trigger_of("concurrency", 7.0, 0.25) == Trigger(Signal.CONCURRENCY, 7.0)
