from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from simulator.ingest.input_file import InputFile
from simulator.ingest.load.jmeter.document import TestPlan
from simulator.ingest.load.jmeter.pauses import Pause, mean_s, pause_of, summed, think_text
from simulator.world.random_streams import RandomStreams
from tests.ingest.load.jmeter.plans import element, plan


@pytest.mark.parametrize(("delay_ms", "range_ms"), [(0, 100), (300, 100), (50, 200)])
def test_a_gaussian_timer_has_the_mean_and_deviation_of_what_jmeter_samples(
    tmp_path: Path, delay_ms: int, range_ms: int
) -> None:
    pause = timer(tmp_path, "GaussianRandomTimer", delay_ms, range_ms)
    sampled_s = np.abs(RandomStreams(1).stream("gaussian").normal(delay_ms, range_ms, 400_000)) / 1000

    assert mean_s(pause) == pytest.approx(sampled_s.mean(), rel=0.01)
    assert pause.sd_s == pytest.approx(sampled_s.std(), rel=0.01)


def test_pauses_of_several_timers_add_up(tmp_path: Path) -> None:
    uniform = timer(tmp_path, "UniformRandomTimer", 100, 400)
    constant = timer(tmp_path, "ConstantTimer", 250, 0)

    assert think_text(summed([constant, uniform])) == "{uniform: {low: 0.35s, high: 0.75s}}"
    both = summed([uniform, uniform])
    assert mean_s(both) == pytest.approx(0.6)
    assert both.sd_s == pytest.approx(0.4 / math.sqrt(6))
    assert think_text(both).startswith("{gamma: {mean: 0.6s, sd: 0.163")


def test_a_poisson_timer_adds_its_delay(tmp_path: Path) -> None:
    pause = timer(tmp_path, "PoissonRandomTimer", 300, 100)

    assert mean_s(pause) == pytest.approx(0.4)
    assert pause.sd_s == pytest.approx(math.sqrt(100) / 1000)


def timer(folder: Path, kind: str, delay_ms: int, range_ms: int) -> Pause:
    path = folder / f"{kind}.jmx"
    path.write_text(plan(element(kind, ConstantTimer__delay=delay_ms, RandomTimer__range=range_ms)))
    given = TestPlan(InputFile(path))
    (node,) = given.root.children
    pause = pause_of(given, node.element)
    assert pause is not None
    return pause
