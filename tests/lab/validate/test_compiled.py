"""The queueing cases of `simulator validate` are within 2 % with the compiled backend, and a bias of 5 % fails."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")

from simulator.lab.validate import compiled as validate_compiled
from simulator.lab.validate.queueing import CASES, TOLERANCE, compiled_findings, label
from simulator.records.request_log import Chunk
from simulator.world.distributions import Exponential, Hyperexponential

# One fast case of each model: M/M/c, loss, M/M/c/K, M/G/1, processor sharing, M/G/infinity.
NUMBERS = (2, 8, 15, 18, 20, 23)
CHEAP = [pytest.param(number, id=label(CASES[number])) for number in NUMBERS]
pytestmark = [pytest.mark.slow, pytest.mark.case("L29")]


def _longer(drawn: Callable[[Any, np.random.Generator, int], Any]) -> Callable[[Any, np.random.Generator, int], Any]:
    return lambda self, rng, n: drawn(self, rng, n) * 1.05


@pytest.mark.parametrize("number", CHEAP)
def test_every_figure_is_within_two_percent(number: int) -> None:
    found = compiled_findings(number)
    assert [str(finding) for finding in found if not finding.passed] == []
    assert all(0 < finding.tolerance <= TOLERANCE * abs(finding.expected) for finding in found)


@pytest.mark.parametrize("number", CHEAP)
def test_work_that_takes_five_percent_longer_misses(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bias is inserted where work is sampled, for the compiled backend too; arrivals are sampled elsewhere."""
    monkeypatch.setattr(Exponential, "draw", _longer(Exponential.draw))
    monkeypatch.setattr(Hyperexponential, "draw", _longer(Hyperexponential.draw))
    assert any(not finding.passed for finding in compiled_findings(number))


@pytest.mark.parametrize("number", [CHEAP[0], CHEAP[2]])
def test_waiting_reported_five_percent_too_long_misses(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def biased(self: validate_compiled._Watched, chunk: Chunk) -> None:
        told = dataclasses.replace(chunk, queue_s=chunk.queue_s * 1.05)
        self.chunks.append(told)

    monkeypatch.setattr(validate_compiled._Watched, "take", biased)
    missed = {finding.figure for finding in compiled_findings(number) if not finding.passed}
    assert "mean_queue" in missed


def test_a_figure_with_a_wide_interval_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.lab.validate.queueing.SEEDS_MAX", 2)
    monkeypatch.setattr("simulator.lab.validate.queueing._COMPILED_MIN", 100)
    monkeypatch.setattr("simulator.lab.validate.queueing._COMPILED_MAX", 200)
    assert any(not finding.passed and finding.tolerance == 0 for finding in compiled_findings(2))
