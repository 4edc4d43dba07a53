"""The groups of options of `simulator compare`."""

from __future__ import annotations

from dataclasses import fields

from simulator.cli.lab.compare_options import (
    CandidateOptions,
    CompareRunOptions,
    ComparisonOutputs,
    FormerOptions,
    ScoreOptions,
)
from simulator.cli.lab.worker_options import ResumeOptions
from simulator.lab.answer.alternatives import OBJECTIVES
from simulator.lab.compare.compare import SEEDS_DEFAULT
from simulator.lab.compare.figures import MISS_USD
from simulator.lab.compare.guard import TOLERANCE

GROUPS = (CandidateOptions, ComparisonOutputs, ScoreOptions, CompareRunOptions, ResumeOptions, FormerOptions)


def test_no_two_groups_have_an_option_of_the_same_name() -> None:
    names = [each.name for group in GROUPS for each in fields(group)]
    assert len(names) == len(set(names)) == 25


def test_defaults_are_those_of_the_laboratory() -> None:
    assert CandidateOptions().seeds == SEEDS_DEFAULT
    assert ScoreOptions().miss_usd == MISS_USD
    assert ScoreOptions().objective in OBJECTIVES
    assert FormerOptions().tolerance == TOLERANCE
