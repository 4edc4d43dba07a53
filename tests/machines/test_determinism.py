from __future__ import annotations

import os
import subprocess
import sys

import pytest

from simulator.records.events import ScalingDecided
from tests.machines.bad_day import play


def test_the_same_seed_gives_the_same_facts_and_rows() -> None:
    first, second = play(7), play(7)
    assert first.lines == second.lines


def test_another_seed_gives_others() -> None:
    assert play(7).digest() != play(8).digest()


def test_the_day_is_bad_enough_to_prove_something() -> None:
    text = "\n".join(play(7).lines)
    for happening in (
        ScalingDecided.__name__,
        "DRAINING",
        "Container exit code: 137",
        "InstanceState.IDLE",
        "429",
        "503",
        "500",
    ):
        assert happening in text


@pytest.mark.parametrize("hash_seed", ["0", "1", "4711"])
def test_the_hash_seed_of_the_interpreter_changes_nothing(hash_seed: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "tests.machines.bad_day", "7"],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},  # noqa: TID251 a child needs its parent's environment
        check=True,
        capture_output=True,
        text=True,
    )
    assert answer.stdout == play(7).digest()
