"""Silent behaviour of App Runner is noted, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.builds.artifact import BuildFailed, CodeValues
from simulator.builds.build_plan import BuildPlan
from simulator.builds.notes import build_notes, failure_hint, start_notes
from simulator.builds.runtimes import RUNTIMES
from tests.builds.places import ORIGINAL, REVISED, GitPlace, config
from tests.builds.steps import HeardSteps
from tests.builds.test_hostile import rejection
from tests.builds.test_local import builder_in, built

GO = BuildPlan(RUNTIMES["GO_1"], ("make",), "./app", 8080)


@pytest.mark.case("P14")
@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("echo migrating && python3 app.py", "`&&` is an argument"),
        ("python3 app.py > log", "`>` is an argument"),
        ("a; b", "`a;` is the program to start"),
        ("a | b", "`|` is an argument"),
        ("uvicorn app:app --port $PORT", "`$PORT` is an argument"),
        ("gunicorn --bind 0.0.0.0:${PORT} app", "`0.0.0.0:${PORT}` is an argument"),
        ("cd src && npm start", "`cd` is the program to start"),
        ("NODE_ENV=production node app.js", "`NODE_ENV=production` is the program to start"),
    ],
)
def test_shell_syntax_in_a_start_command_is_noted(command: str, what: str) -> None:
    (note,) = start_notes(command)
    assert what in note
    assert "`sh -c '...'`" in note


@pytest.mark.case("P14")
@pytest.mark.parametrize(
    "command",
    ["python3 app.py", "sh -c 'a && b > $PORT'", "/bin/bash -lc 'cd a; b'", "npm start", "./a --x=1 'b'", "", "a 'b"],
)
def test_a_start_command_that_needs_no_shell_has_no_note(command: str) -> None:
    assert start_notes(command) == ()


@pytest.mark.case("P16")
def test_the_build_does_not_see_the_services_variables_and_the_log_says_so() -> None:
    of_api = replace(GO, variables={"API_URL": "x"}, secrets={"KEY": "y"})
    (note,) = build_notes(of_api, of_api=True)
    assert "does not see the service's variables (API_URL, KEY)" in note
    assert build_notes(replace(of_api, build=()), of_api=True) == ()
    # With a file, which may have variables for the build, only for variables that its commands use.
    of_file = replace(of_api, build=("echo $API_URL ${OTHER} $KEYS",))
    (note,) = build_notes(of_file, of_api=False)
    assert note.startswith("Build commands use API_URL, which run.env")
    assert build_notes(replace(of_file, build_variables={"API_URL": "z"}), of_api=False) == ()


@pytest.mark.case("P27")
def test_a_missing_yum_is_explained_by_amazon_linux() -> None:
    assert "`--build-image" in failure_hint("yum install -y gcc && make", 127)
    assert failure_hint("yum install -y gcc", 1) == ""
    assert failure_hint("make", 127) == ""
    (note,) = build_notes(replace(GO, pre_build=("apt-get update",)), of_api=False)
    assert note.startswith("App Runner builds on Amazon Linux, which has yum and no apt-get")
    assert build_notes(replace(GO, build=("yum install gcc", "./apt")), of_api=False) == ()


@pytest.mark.case("P27")
async def test_a_build_with_yum_fails_with_the_hint(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, "yum install -y gcc")})
    told = await rejection(tmp_path, place)
    assert "ended with exit code 127; yum is Amazon Linux's" in told


@pytest.mark.case("P6")
async def test_the_second_run_of_an_original_build_does_not_see_the_builds_variables(tmp_path: Path) -> None:
    file = config(
        ORIGINAL, "echo build sees $ONLY_BUILD >> log", pre_build="echo pre $ONLY_BUILD", post_build="echo $ONLY_BUILD"
    )
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": file})
    async with builder_in(tmp_path) as builder:
        application, steps = await built(builder, place)
        assert (application.folder / "log").read_text() == "build sees here\nbuild sees\n"
    assert "[Build] pre here" in steps.lines
    assert "[Build] here" in steps.lines  # post-build
    note = next(line for line in steps.lines if "Second run" in line)
    assert "without build.env (ONLY_BUILD)" in note
    assert steps.lines.index(note) < steps.lines.index("[Build] Step 1/6 : FROM go1")


@pytest.mark.case("P6")
async def test_a_revised_build_sees_the_variables_and_gives_no_note(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, "echo $ONLY_BUILD > log")})
    async with builder_in(tmp_path) as builder:
        application, steps = await built(builder, place)
        assert (application.folder / "log").read_text() == "here\n"
    assert "Second run" not in steps.text


@pytest.mark.case("P15")
async def test_a_configuration_file_that_is_not_read_is_noted(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": "not: right", "a.txt": "a"})
    async with builder_in(tmp_path) as builder:
        steps = HeardSteps()
        await builder.build(place.source(values=CodeValues("NODEJS_22", "true", "./a")), steps)
        assert any(line.startswith("[AppRunner] apprunner.yaml is not read: ") for line in steps.lines)
        (tmp_path / "shop" / "apprunner.yaml").unlink()
        place.commit({})
        steps = HeardSteps()
        await builder.build(place.source(values=CodeValues("NODEJS_22", "true", "./a")), steps)
        assert "is not read" not in steps.text


@pytest.mark.case("P24")
async def test_the_reason_of_a_broken_file_has_its_first_problem_with_the_place(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED).replace("command: ./start", "\tcommand: x")})
    told = await rejection(tmp_path, place)
    assert told.startswith("apprunner.yaml has 1 problem: ")
    assert "file = a tab, must be spaces" in told


@pytest.mark.case("P4")
async def test_an_unsupported_runtime_version_fails_in_app_runners_words(tmp_path: Path) -> None:
    file = config("python3").replace("run:\n", "run:\n  runtime-version: 3.11\n")
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": file})
    with pytest.raises(BuildFailed, match="The specified runtime version is not supported") as failed:
        async with builder_in(tmp_path) as builder:
            await built(builder, place)
    assert "run.runtime-version = 3.11, must be a version of Python 3.7 or 3.8" in failed.value.reason
