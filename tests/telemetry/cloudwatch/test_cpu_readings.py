"""CPU utilization between two readings, of instances that start between them, and of those from before the run."""

from __future__ import annotations

import math

import pytest

from simulator.fleet.ports import ResourceUsage
from simulator.model.sizes import InstanceSize
from simulator.telemetry.cloudwatch.cpu_readings import CpuReadings
from simulator.telemetry.cloudwatch.platform_view import InstanceReading


def reading(age_s: float, cpu_s: float, name: str = "one") -> InstanceReading:
    return InstanceReading(name, age_s, InstanceSize(2048, 4096), ResourceUsage(cpu_s=cpu_s, memory_bytes=0))


def utilizations(readings: CpuReadings, now_s: float, *given: InstanceReading) -> list[float | None]:
    return [each.utilization for each in readings.read(given, now_s)]


def test_the_utilization_is_that_since_the_last_reading() -> None:
    readings = CpuReadings()

    assert utilizations(readings, 10.0, reading(5.0, 5.0)) == [pytest.approx(0.5)]
    assert utilizations(readings, 20.0, reading(15.0, 9.0)) == [pytest.approx(0.2)]


def test_the_cpu_time_of_a_start_just_before_a_reading_is_in_the_next_one() -> None:
    readings = CpuReadings()

    assert utilizations(readings, 10.0, reading(0.5, 1.0)) == []
    assert utilizations(readings, 20.0, reading(10.5, 4.2)) == [pytest.approx(0.2)]


def test_the_first_reading_of_an_instance_from_before_the_run_has_no_utilization() -> None:
    readings = CpuReadings()

    assert utilizations(readings, 10.0, reading(math.inf, 800.0), reading(10.0, 5.0, "two")) == [None, 0.25]
    assert utilizations(readings, 20.0, reading(math.inf, 810.0), reading(20.0, 5.0, "two")) == [0.5, 0.0]
