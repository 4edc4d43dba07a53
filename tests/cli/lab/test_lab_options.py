"""The groups of options of `simulator sweep`, `tune`, `shadow` and `validate`."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from simulator.cli.lab.lab_options import (
    ShadowClockOptions,
    ShadowOptions,
    SweepOutputs,
    SweepRunOptions,
    ValidateOptions,
)
from simulator.cli.lab.tune_options import TuneAims, TuneDays, TuneOutputs, TuneRunOptions
from simulator.cli.lab.worker_options import ResumeOptions, WorkerOptions

VERBS = {
    "sweep": ((SweepOutputs, SweepRunOptions, WorkerOptions), 12),
    "tune": ((TuneAims, TuneOutputs, TuneDays, TuneRunOptions, ResumeOptions), 15),
    "shadow": ((ShadowOptions, ShadowClockOptions), 6),
    "validate": ((ValidateOptions, ResumeOptions), 9),
}


@pytest.mark.parametrize("verb", VERBS)
def test_no_two_groups_of_a_verb_have_an_option_of_the_same_name(verb: str) -> None:
    groups: tuple[Any, ...]
    groups, count = VERBS[verb]
    names = [each.name for group in groups for each in fields(group)]
    assert len(names) == len(set(names)) == count
