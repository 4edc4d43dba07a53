"""Managed runtimes and the versions that they run."""

from __future__ import annotations

import pytest

from simulator.builds.runtimes import BY_FILE_NAME, RUNTIMES, BuildKind, agrees


def test_there_are_thirteen_runtimes_with_two_names_each() -> None:
    assert len(RUNTIMES) == len(BY_FILE_NAME) == 13
    assert all(BY_FILE_NAME[runtime.file_name] is runtime for runtime in RUNTIMES.values())


def test_the_last_version_of_a_runtime_is_one_that_it_runs() -> None:
    assert [name for name, runtime in RUNTIMES.items() if not runtime.has(runtime.last_version)] == []


@pytest.mark.parametrize(
    ("name", "version", "runs", "stands_in"),
    [
        ("PYTHON_3", "3.7.10", True, True),
        ("PYTHON_3", "3.8", True, True),
        ("PYTHON_3", "3.9.1", False, True),
        ("PYTHON_3", "3", True, True),
        ("PYTHON_311", "3.11.2", True, False),
        ("PYTHON_311", "3.12.0", False, False),
        ("GO_1", "1.22.0", False, True),
        ("NODEJS_22", "22", True, False),
        ("NODEJS_22", "latest", False, False),
        ("NODEJS_22", "22.x", False, False),
    ],
)
def test_a_runtime_runs_its_lines_and_some_may_be_substituted(
    name: str, version: str, runs: bool, stands_in: bool
) -> None:
    runtime = RUNTIMES[name]
    assert (runtime.has(version), runtime.may_stand_in(version)) == (runs, stands_in)


def test_versions_agree_over_the_parts_that_both_have() -> None:
    assert agrees("3.11.4", "3.11")
    assert agrees("3", "3.11")
    assert not agrees("3.1", "3.11")


def test_the_revised_runtimes_are_the_three_of_the_facts() -> None:
    revised = {name for name, runtime in RUNTIMES.items() if runtime.kind is BuildKind.REVISED}
    assert revised == {"PYTHON_311", "NODEJS_18", "NODEJS_22"}
