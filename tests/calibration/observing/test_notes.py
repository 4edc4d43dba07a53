"""Tests of the notes of an observation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simulator.calibration.observation.observation import LimitFacts, MachineFacts, ServiceObservation
from simulator.calibration.observing.level_search import LevelSearch
from simulator.calibration.observing.notes import observation_notes
from simulator.calibration.observing.unloaded.run import PlayedUnloaded
from tests.calibration.observation.observations import observation, requests, unloaded


def notes(made: ServiceObservation, **given: Any) -> tuple[str, ...]:
    search = LevelSearch(100.0, 1.0)
    search.end(given.pop("ends", ""))
    return observation_notes(replace(made, notes=()), search, interrupted=given.pop("interrupted", False)).notes


def notes_of_unloaded(played: PlayedUnloaded) -> tuple[str, ...]:
    search = LevelSearch(100.0, 1.0)
    return observation_notes(quiet(unloaded=played.requests, notes=()), search, played, interrupted=False).notes[1:]


def quiet(**changes: Any) -> ServiceObservation:
    stages = tuple(replace(stage, ended_by="") for stage in observation().loads)
    return observation(**{"loads": stages, "machine": MachineFacts(4, "", 0.1, 0.5, 0.0), **changes})


def test_an_observation_on_a_quiet_machine_says_only_that_it_was_not_saturated() -> None:
    assert notes(quiet()) == ("The service was not saturated: the highest rate was 2/s. Its capacity is unknown.",)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (quiet(machine=MachineFacts(4, "", 2.1)), "The machine was busy before the observation: load average 2.1 on 4"),
        (quiet(machine=MachineFacts(4, "", 0.1, steal_share=0.05)), "The hypervisor gave 5% of the CPU time"),
        (quiet(limits=LimitFacts()), "No limits of CPU and memory were in force"),
        (quiet(limits=LimitFacts("cgroup v1")), "The CPU of the instance was not limited"),
        (observation(), "Level 3 ended after 4.0 s: error storm."),
        (
            quiet(loads=(replace(quiet().loads[0], others_share=0.4),)),
            "Other programs used up to 40% of the machine's CPU in level 1:",
        ),
        (
            quiet(loads=(replace(quiet().loads[0], requests=requests(late_s=np.full(4, 0.5))),)),
            "The load client was late in level 1: the arrivals were not those intended",
        ),
    ],
)
def test_what_limits_the_use_of_an_observation_is_said(made: ServiceObservation, words: str) -> None:
    assert any(note.startswith(words) for note in notes(made)), notes(made)


def test_an_early_end_is_said() -> None:
    found = notes(quiet(), ends="the instance ended 2 times: killed", interrupted=True)
    assert found[0] == "The observation was interrupted: it has 2 levels."
    assert found[1] == "No further level was played: the instance ended 2 times: killed."


def test_enough_requests_alone_of_an_instance_without_background_work_need_no_note() -> None:
    assert notes_of_unloaded(PlayedUnloaded(unloaded(60), 0.019)) == ()


@pytest.mark.parametrize(
    ("played", "words"),
    [
        (PlayedUnloaded(unloaded(60), 0.25), "The instance uses 25.0% of a CPU without requests; it is taken off"),
        (PlayedUnloaded(unloaded(60, cpu_s=np.full(60, np.nan)), 0.0), "The CPU time of single requests is unknown"),
        (
            PlayedUnloaded(unloaded(61, status=np.where(np.arange(61) % 2, 500, 200)), 0.0),
            "Few requests were sent alone, so the spread of their times is uncertain: POST /orders (0).",
        ),
        (
            PlayedUnloaded(unloaded(60), 0.0, crash="killed"),
            "The instance ended while requests were sent one at a time",
        ),
    ],
)
def test_what_limits_the_use_of_requests_alone_is_said(played: PlayedUnloaded, words: str) -> None:
    (note,) = notes_of_unloaded(played)
    assert note.startswith(words)
