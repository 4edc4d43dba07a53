"""Tests of the facts about the machine, from files like those of /proc."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from simulator.calibration.observing.machine import MachineReading, machine_facts, others_share


def proc(folder: Path, load: str, stat: str) -> Path:
    folder.mkdir()
    (folder / "loadavg").write_text(f"{load} 0.50 0.40 1/300 1234\n")
    (folder / "stat").write_text(f"cpu  {stat} 0 0\ncpu0 1 2 3\n")
    (folder / "cpuinfo").write_text("processor\t: 0\nmodel name\t: A Processor 9000\nprocessor\t: 1\n")
    return folder


def test_steal_is_a_share_of_the_time_between_two_readings(tmp_path: Path) -> None:
    first = proc(tmp_path / "first", "0.25", "100 0 100 800 0 0 0 10")
    last = proc(tmp_path / "last", "1.75", "150 0 150 890 0 0 0 20")
    facts = machine_facts(MachineReading.now(first), MachineReading.now(last), last)
    assert (facts.load_before, facts.load_after) == (0.25, 1.75)
    assert facts.steal_share == pytest.approx(10 / 200)
    assert facts.cpu_model == "A Processor 9000"
    before, after = MachineReading.now(first), MachineReading.now(last)
    # 210 ticks of 10 ms, of which 90 idle; 0.5 s are the instance's, and next to none this process's
    assert others_share(before, after, 0.5) == pytest.approx((2.1 - 0.9 - 0.5) / 2.1, abs=0.05)
    assert math.isnan(others_share(before, after, math.nan))
    assert facts.cores >= 1


def test_a_machine_without_these_files_has_unknown_facts(tmp_path: Path) -> None:
    reading = MachineReading.now(tmp_path)
    facts = machine_facts(reading, reading, tmp_path)
    assert math.isnan(facts.load_before)
    assert math.isnan(facts.steal_share)
    assert facts.cpu_model == ""
