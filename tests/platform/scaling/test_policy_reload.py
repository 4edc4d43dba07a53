"""A policy's file that changes while services run: a version that works takes over, a broken one does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from simulator.platform.scaling.policy_choice import PolicyChoice
from simulator.platform.scaling.policy_reload import LOOK_S, PolicyReload
from simulator.platform.service_workload import WorkloadSettings
from tests.platform.test_service_workload import World
from tests.virtual import run_virtual

TEXT = """
class Own:
    def __init__(self):
        self.seen = 0
    def observe(self, sample):
        self.seen += 1
    def decide(self, observation):
        return {answer}
"""


class Watched:
    """A service on a platform, scaled by a policy in a file."""

    def __init__(self, world: World, file: Path, choice: PolicyChoice) -> None:
        self.world, self._file = world, file
        self.lines: list[str] = []
        self.failed: list[tuple[str, str]] = []
        self._saves = 0
        reload = PolicyReload(world.platform, choice, self.lines.append, lambda *line: self.failed.append(line))
        world.platform.tasks.spawn(reload.run(), "reload")

    async def save(self, text: str) -> None:
        """Replace the file by a new one, as editors do; then wait for a check and the next tick."""
        self._saves += 1
        new = self._file.with_name(f"new{self._saves}")
        new.write_text(text, encoding="utf-8")
        new.replace(self._file)
        await asyncio.sleep(2 * LOOK_S + 1.0)


def watched(tmp_path: Path, first: str, test: Callable[[Watched], Awaitable[None]]) -> None:
    file = tmp_path / "own.py"
    file.write_text(first, encoding="utf-8")
    choice = PolicyChoice(f"{file}:Own", start_lag_s=0.0)

    async def main() -> None:
        async with World(settings=WorkloadSettings(policy=choice)) as world:
            await test(Watched(world, file, choice))

    run_virtual(main)


def test_a_changed_file_decides_for_services_that_run_and_for_later_ones(tmp_path: Path) -> None:
    async def test(stage: Watched) -> None:
        service = stage.world.service(await stage.world.running())
        await asyncio.sleep(20)
        assert service.replica_set.desired == 1
        # the new version has observed the seconds before
        await stage.save(TEXT.format(answer="2 if self.seen < 20 else 3"))
        assert service.replica_set.desired == 3
        assert [line.partition(".py:Own: ")[2] for line in stage.lines] == ["the changed file is used now, for hello"]
        later = stage.world.service(await stage.world.running(ServiceName="later"))
        await asyncio.sleep(2)
        assert later.replica_set.desired == 2

    watched(tmp_path, TEXT.format(answer="1"), test)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("class Own:\n    def decide(self", "must be loadable: SyntaxError: '(' was never closed (own.py, line 2)"),
        ("class Other: pass", "must name a class of the file"),
        (TEXT.format(answer="1 / 0"), "raised ZeroDivisionError: division by zero (own.py, line 8)"),
        (TEXT.format(answer="'many'"), "answered 'many', must be a whole number of instances"),
        (TEXT.replace("+= 1", "+= None").format(answer="1"), "(own.py, line 6), observing second "),
        (TEXT.replace("self.seen = 0", "raise OSError('no')").format(answer="1"), "was made (own.py, line 4)"),
    ],
)
def test_a_broken_file_leaves_the_previous_version_and_reports_the_line(tmp_path: Path, broken: str, why: str) -> None:
    async def test(stage: Watched) -> None:
        service = stage.world.service(await stage.world.running())
        await asyncio.sleep(3)
        before = service.autoscaler.policy
        await stage.save(broken)
        assert service.autoscaler.policy is before
        assert service.replica_set.desired == 2
        (line,) = stage.lines
        assert "the changed file is not used, the previous version stays: " in line
        assert why in line
        await stage.save(TEXT.format(answer="3"))
        assert service.replica_set.desired == 3

    watched(tmp_path, TEXT.format(answer="2"), test)


def test_a_missing_file_changes_nothing_until_it_is_there_again(tmp_path: Path) -> None:
    async def test(stage: Watched) -> None:
        service = stage.world.service(await stage.world.running())
        await asyncio.sleep(3)
        (tmp_path / "own.py").unlink()
        await asyncio.sleep(2)
        assert "must name a file that can be read" in stage.lines[0]
        await stage.save(TEXT.format(answer="4"))
        assert (service.replica_set.desired, len(stage.lines)) == (4, 2)

    watched(tmp_path, TEXT.format(answer="2"), test)


def test_a_version_that_fails_later_is_reported_with_its_service(tmp_path: Path) -> None:
    async def test(stage: Watched) -> None:
        service = stage.world.service(await stage.world.running())
        await asyncio.sleep(3)
        await stage.save(TEXT.format(answer="3 if observation.now_s < 30 else 1 / 0"))
        await asyncio.sleep(30)
        assert service.replica_set.desired == 3
        name, line = stage.failed[0]
        assert (name, "raised ZeroDivisionError: division by zero (own.py, line 8)" in line) == ("hello", True)

    watched(tmp_path, TEXT.format(answer="2"), test)


def test_a_file_that_changes_before_a_service_exists_is_tried_too(tmp_path: Path) -> None:
    async def test(stage: Watched) -> None:
        await stage.save(TEXT.format(answer="observation.nothing"))
        assert "AttributeError: 'Observation' object has no attribute 'nothing' (own.py, line 8)" in stage.lines[0]
        service = stage.world.service(await stage.world.running())
        await stage.save(TEXT.format(answer="1 / 0"))  # at once, before its first second is over
        assert "raised ZeroDivisionError" in stage.lines[1]
        await asyncio.sleep(2)
        assert service.replica_set.desired == 2

    watched(tmp_path, TEXT.format(answer="2"), test)


def test_a_deleted_service_is_forgotten(tmp_path: Path) -> None:
    async def test(stage: Watched) -> None:
        arn = await stage.world.running()
        await asyncio.sleep(3)
        stage.world.stage.call("DeleteService", ServiceArn=arn)
        await stage.world.stage.settled()
        await stage.save(TEXT.format(answer="3"))
        assert stage.lines[0].endswith("the changed file is used now, for no service yet")

    watched(tmp_path, TEXT.format(answer="2"), test)
