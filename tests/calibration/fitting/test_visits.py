"""Several visits of a request to the processor of an event loop: in the structure, its text, and the scenario."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from simulator.calibration.fitting.candidate import AppStructure, ModelCandidate
from simulator.calibration.fitting.laws import Family, TimeLaw
from simulator.calibration.fitting.parameters import application_of
from simulator.calibration.fitting.screening import Screened, Screening
from simulator.calibration.fitting.starting_point import CapacityFigures
from tests.calibration.model.models import a_model

SERVICE = ModelCandidate(AppStructure(), (TimeLaw(Family.GAMMA, 0.01, 0.5),), (TimeLaw(Family.CONSTANT, 0.05),))
PARTS = AppStructure(is_first_come=True, parallelism=1, visits=4)


def test_the_structure_with_several_visits_is_one_mechanism_more() -> None:
    assert PARTS.parts == AppStructure(is_first_come=True, parallelism=1).parts + 1
    assert str(PARTS) == "an event loop and requests that compute in 4 parts"
    candidate = ModelCandidate(PARTS, SERVICE.cpu, SERVICE.io)
    assert candidate.application(None).cpu_use.visits == 4
    assert application_of(candidate, a_model().routes[:1], {})["simulated"]["cpu_visits"] == 4
    assert "cpu_visits" not in application_of(SERVICE, a_model().routes[:1], {})["simulated"]


@pytest.mark.parametrize("is_live", [True, False])
def test_the_nearest_number_of_visits_is_tried_in_real_time(monkeypatch: pytest.MonkeyPatch, is_live: bool) -> None:
    """Of an event loop; in virtual time the application is a model, whose requests make one visit."""
    likelihood = SimpleNamespace(stages=[SimpleNamespace(is_live=is_live, quota=None)], unloaded=None)
    screening = Screening(cast("Any", likelihood), CapacityFigures(50.0, 1.0, True), range(2))

    def screened(_self: Screening, candidate: ModelCandidate) -> Screened:
        return Screened(candidate, abs(candidate.structure.visits - 4.5))

    monkeypatch.setattr(Screening, "screened", screened)
    monkeypatch.setattr(Screening, "_with_workers", screened)
    found = [each.candidate.structure for each in screening.extensions(SERVICE, 1.0)]
    assert [each for each in found if each.visits > 1] == []
    event_loop = ModelCandidate(AppStructure(is_first_come=True, parallelism=1), SERVICE.cpu, SERVICE.io)
    found = [each.candidate.structure for each in screening.extensions(event_loop, 1.0)]
    assert [each for each in found if each.visits > 1] == ([PARTS] if is_live else [])
