from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.builds.project.node_engines import EnginesConflict, check_engines, version_of
from simulator.builds.runtimes import RUNTIMES
from tests.builds.places import REVISED, GitPlace, config
from tests.builds.steps import HeardSteps
from tests.builds.test_hostile import rejection
from tests.builds.test_local import builder_in

NODE_22, NODE_18 = RUNTIMES["NODEJS_22"], RUNTIMES["NODEJS_18"]


def package(node: object) -> str:
    return json.dumps({"name": "shop", "engines": {"node": node}})


@pytest.mark.parametrize("asked", [">=18", "22", "22.x", "^22.10", ">= 20.0.0", "20 || 22", "16 - 22", "*", ""])
def test_an_engine_range_that_fits_gives_no_note(asked: str) -> None:
    assert check_engines(package(asked), NODE_22, "22", "22.21.1") == ""


@pytest.mark.parametrize("asked", ["20", "<22", ">22", "~22.10", "18 || 20"])
def test_an_engine_range_without_the_runtime_version_fails(asked: str) -> None:
    with pytest.raises(EnginesConflict, match=r"must agree with run.runtime-version, which is 22\.17 \(22\.17\.0\)\.$"):
        check_engines(package(asked), NODE_22, "22.17", "22.21.1")


def test_without_a_runtime_version_it_is_a_note() -> None:
    assert check_engines(package(">=20"), NODE_18, None, "") == (
        "package.json asks for Node.js >=20 (engines.node), and NODEJS_18 has 18.20.8."
    )


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"engines": 1}', package(None), package("lts/*"), package("x" * 9999), "[" * 100_000]
)
def test_a_range_that_cannot_be_parsed_is_left_to_npm(text: str) -> None:
    assert check_engines(text, NODE_22, "22", "22.21.1") == ""


@pytest.mark.parametrize(
    ("wanted", "found", "version"),
    [
        (None, "22.5.0", "22.5.0"),
        (None, "20.1.0", "22.21.1"),  # a near version replaces it; the version of the runtime counts
        ("22", "", "22.21.1"),
        ("22.17", "22.17.3", "22.17.3"),
        ("22.17", "22.5.0", "22.17.0"),
        ("22.16.0", "22.5.0", "22.16.0"),
    ],
)
def test_the_version_compared_is_the_one_that_app_runner_runs(wanted: str | None, found: str, version: str) -> None:
    assert version_of(NODE_22, wanted, found) == version


async def test_a_conflict_fails_the_build_before_its_commands_run(tmp_path: Path) -> None:
    text = config(REVISED, "echo never").replace("run:\n", "run:\n  runtime-version: 22.17.0\n")
    place = GitPlace(tmp_path / "shop", {"a/apprunner.yaml": text, "a/package.json": package("^18")})
    assert await rejection(tmp_path, place, "/a") == (
        "package.json: engines.node = ^18, must agree with run.runtime-version, which is 22.17.0."
    )


async def test_a_build_without_a_conflict_succeeds(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(REVISED, "echo made"), "package.json": package("18")})
    async with builder_in(tmp_path) as builder:
        steps = HeardSteps()
        await builder.build(place.source(), steps)
    assert "[AppRunner] package.json asks for Node.js 18 (engines.node), and NODEJS_22 has 22.21.1." in steps.lines
    assert "[Build] made" in steps.lines
