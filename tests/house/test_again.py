"""The second try of CI: a test that fails twice fails CI, and one that failed once is reported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent

# `first` fails in the first run only, `every` in each, `skips` is skipped in the second; `marked` is in no plain run.
TESTS = """
from pathlib import Path

import pytest

SECOND = Path("second")


def test_passes():
    assert not SECOND.exists(), "run again though it had passed"


def test_first():
    assert SECOND.exists()


def test_every():
    assert False


def test_skips():
    if SECOND.exists():
        pytest.skip("not on this machine")
    assert False


@pytest.mark.slow
def test_marked():
    assert SECOND.exists()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    options = "[pytest]\naddopts = -p xdist -m 'not slow'\nmarkers = slow\n"
    (tmp_path / "pytest.ini").write_text(options, encoding="utf-8")
    (tmp_path / "test_some.py").write_text(TESTS, encoding="utf-8")
    return tmp_path


def run(project: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"BIN": str(BIN), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # noqa: TID251
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def twice(project: Path, tests: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Return the result of the second try, after a run of the tests that `tests` selects (as `-k`)."""
    first = run(project, BIN / "pytest", "-k", tests, *options)
    assert first.returncode == 1, first.stdout
    (project / "second").touch()
    return again(project, first.returncode, *options)


def again(project: Path, code: int, *options: str) -> subprocess.CompletedProcess[str]:
    return run(project, ROOT / ".ci" / "again", str(code), *options)


def remembered(project: Path, *tests: str) -> None:
    path = project / ".pytest_cache" / "v" / "cache" / "lastfailed"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(dict.fromkeys(tests, True)), encoding="utf-8")


def unsteady(project: Path) -> str:
    path = project / ".pytest_cache" / "unsteady"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def test_a_test_that_fails_once_is_printed_and_ci_goes_on(project: Path) -> None:
    done = twice(project, "passes or first")
    line = "UNSTEADY: failed among others, passed alone: test_some.py::test_first\n"
    assert done.returncode == 0, done.stdout + done.stderr
    assert line in done.stdout
    assert unsteady(project) == line
    assert "1 passed" in done.stdout, "and only it was run again"


def test_a_test_that_fails_twice_fails_ci_and_the_other_is_printed_all_the_same(project: Path) -> None:
    done = twice(project, "first or every")
    assert done.returncode == 1
    assert "FAILED test_some.py::test_every" in done.stdout
    assert "passed alone: test_some.py::test_first\n" in done.stdout
    assert "passed alone: test_some.py::test_every" not in done.stdout


def test_a_test_that_is_skipped_in_the_second_try_has_not_passed(project: Path) -> None:
    done = twice(project, "first or skips")
    assert done.returncode == 1
    assert "1 of the 2 tests that failed passed alone" in done.stdout
    assert unsteady(project) == ""


def test_a_slow_test_is_run_again_with_the_options_of_its_run(project: Path) -> None:
    assert twice(project, "marked", "-m", "slow").returncode == 0
    assert unsteady(project).endswith("test_some.py::test_marked\n")


def test_more_than_five_failures_are_not_run_again(project: Path) -> None:
    remembered(project, *[f"test_some.py::test_{number}" for number in range(6)])
    done = again(project, 1)
    assert done.returncode == 1
    assert "6 tests failed; more than 5 are not run again" in done.stderr


def test_a_test_that_is_not_there_any_more_has_not_passed(project: Path) -> None:
    remembered(project, "test_some.py::test_gone")
    assert again(project, 1).returncode != 0
    assert unsteady(project) == ""


@pytest.mark.parametrize("code", [2, 3, 4, 5, 134])
def test_a_run_that_ended_otherwise_than_by_failed_tests_keeps_its_code(project: Path, code: int) -> None:
    remembered(project, "test_some.py::test_first")
    done = again(project, code)
    assert (done.returncode, done.stdout) == (code, "")


def test_a_run_that_passed_needs_no_second_try(project: Path) -> None:
    assert again(project, 0).returncode == 0


def test_a_command_that_failed_before_the_tests_is_not_hidden(project: Path) -> None:
    """Exit code 1 of an installation, for example: no test is remembered."""
    done = again(project, 1)
    assert done.returncode == 1
    assert "pytest remembers no failed test" in done.stderr


def test_every_run_of_ci_has_its_second_try_next() -> None:
    """The memory of earlier runs is deleted, otherwise their failures would be run again."""
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    runs = [number for number, line in enumerate(lines) if ".venv/bin/pytest" in line and not line.startswith("#")]
    assert len(runs) == 3
    assert all(lines[number].endswith(" || code=$?") for number in runs)
    assert all(lines[number + 1].startswith('.ci/again "$code"') for number in runs)
    forgotten = next(number for number, line in enumerate(lines) if line.startswith("rm -rf .pytest_cache"))
    assert forgotten < runs[0]
