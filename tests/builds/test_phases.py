"""The phases of a build in order: the stage and the variables of each command, and the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from simulator.builds.artifact import BuildFailed
from simulator.builds.build_plan import BuildPlan
from simulator.builds.phases import Phases, StageName
from simulator.builds.resource_limits import CommandStopped
from simulator.builds.runtimes import RUNTIMES


class Executor:
    """Records the commands. `codes` has the exit codes of some commands, or the exceptions that running them raises."""

    def __init__(self, **codes: int | Exception) -> None:
        self.ran: list[str] = []
        self.codes = codes

    async def take_over(self) -> None:
        self.ran.append("take over")

    async def run(
        self, stage: StageName, command: str, variables: Mapping[str, str], on_line: Callable[[str], None]
    ) -> int:
        self.ran.append(f"{stage} {command} {' '.join(variables)}".strip())
        on_line(f"output of {command}")
        code = self.codes.get(command, 0)
        if isinstance(code, Exception):
            raise code
        return code


def plan(runtime: str) -> BuildPlan:
    return BuildPlan(
        RUNTIMES[runtime],
        ("build",),
        "start",
        8080,
        pre_build=("before",),
        post_build=("after",),
        pre_run=("prepare",),
        build_variables={"TOKEN": "x"},
    )


async def carried_out(runtime: str, executor: Executor) -> list[str]:
    log: list[str] = []
    await Phases(plan(runtime), executor, log.append, "/app").carry_out()
    return log


async def test_a_revised_build_builds_once_and_prepares_the_stage_that_runs() -> None:
    executor = Executor()
    log = await carried_out("PYTHON_311", executor)
    assert executor.ran == [
        "made before TOKEN",
        "made build TOKEN",
        "take over",
        "runs prepare TOKEN",
        "made after TOKEN",
    ]
    assert "[PreBuild] Step 1/4 : FROM python311-build AS pre-build-stage" in log
    assert "[Build] output of build" in log
    assert any(line.startswith("[PreRun] Step ") and line.endswith(" : CMD start") for line in log)


async def test_an_original_build_builds_again_without_the_builds_variables_and_has_no_pre_run() -> None:
    executor = Executor()
    log = await carried_out("NODEJS_16", executor)
    assert executor.ran == [
        "made before TOKEN",
        "made build TOKEN",
        "take over",
        "runs build",
        "made after TOKEN",
    ]
    assert "[AppRunner] run.pre-run is skipped: builds of NODEJS_16 have no such phase." in log


async def test_steps_are_numbered_through_a_build() -> None:
    log = await carried_out("PYTHON_311", Executor())
    numbers = [int(line.split("Step ")[1].split("/")[0]) for line in log if "Step " in line]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (3, r"\[Build\] `build` ended with exit code 3"),
        (CommandStopped("it used more than 4 GB"), r"\[Build\] `build` was stopped: it used more than 4 GB\."),
        (OSError("no shell"), r"\[Build\] `build` could not be run: no shell\."),
    ],
)
async def test_a_failed_command_ends_the_build_with_its_phase(code: int | Exception, message: str) -> None:
    executor = Executor(build=code)
    with pytest.raises(BuildFailed, match=message):
        await carried_out("PYTHON_311", executor)
    assert executor.ran == ["made before TOKEN", "made build TOKEN"]
