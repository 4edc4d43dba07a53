"""Dependency installations are kept for the next build as long as their inputs are the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.builds.artifact import BuildArtifact, BuildFailed
from simulator.builds.local import LocalBuilder
from tests.builds.places import ORIGINAL, REVISED, GitPlace, config
from tests.builds.steps import HeardSteps
from tests.builds.test_local import builder_in, told_by

KEPT = "[PreRun] Kept from an earlier build: its inputs have not changed."
# Represents npm: writes what it installs to the folder of global packages, with a program that contains the path of the
# stage.
NPM = """\
#!/bin/sh
echo installing >&2
mkdir -p node_modules "$NPM_CONFIG_PREFIX/bin"
cat package.json > node_modules/installed
printf '#!/bin/sh\\necho run from %s\\n' "$NPM_CONFIG_PREFIX" > "$NPM_CONFIG_PREFIX/bin/tool"
chmod 755 "$NPM_CONFIG_PREFIX/bin/tool"
mkdir -p /elsewhere; echo x > /elsewhere/file
"""


async def made(builder: LocalBuilder, place: GitPlace, **files: str) -> tuple[BuildArtifact, HeardSteps]:
    place.commit({name.replace("__", "."): text for name, text in files.items()})
    steps = HeardSteps()
    return await builder.build(place.source(), steps), steps


def put_npm(folder: Path) -> None:
    program = folder / "toolchains" / "node" / "npm"
    program.write_text(NPM, encoding="utf-8")
    program.chmod(0o755)


def place_of(folder: Path, build: str = "true", run: str = "sh start.sh") -> GitPlace:
    start = "cat node_modules/installed; tool; command -v tool; cat app.txt\n"
    files = {"apprunner.yaml": config(REVISED, build, run, pre_run="npm ci"), "package.json": "{}", "start.sh": start}
    return GitPlace(folder / "shop", files)


@pytest.mark.case("P28")
async def test_pre_run_installs_once_for_all_versions_of_the_source(tmp_path: Path) -> None:
    place = place_of(tmp_path)
    async with builder_in(tmp_path) as builder:
        put_npm(tmp_path)
        first, steps = await made(builder, place, app__txt="one")
        assert "[PreRun] installing" in steps.lines
        assert KEPT not in steps.lines
        second, steps = await made(builder, place, app__txt="two")
        assert not second.from_cache
        assert "[PreRun] installing" not in steps.lines
        assert KEPT in steps.lines
        told = [told_by(each, tmp_path / f"instance-{number}") for number, each in enumerate((first, second))]
        runs = [str(each.folder.parent) for each in (first, second)]
        # The installed files contain the path of their own stage, not that of the build that installed them.
        for text, folder, source in zip(told, runs, ("one", "two"), strict=True):
            assert f"run from {folder}/" in text
            assert f"{folder}/system/npm/bin/tool" in text
            assert text.endswith(source)
        assert runs[0] not in told[1]
        third, steps = await made(builder, place, package__json='{"name": "other"}')
        assert "[PreRun] installing" in steps.lines
        assert '{"name": "other"}' in told_by(third, tmp_path / "instance-2")


@pytest.mark.case("P28")
async def test_a_command_after_a_cached_installation_sees_its_files(
    tmp_path: Path,
) -> None:
    place = place_of(tmp_path)
    file = config(REVISED, "npm ci", "cat log /elsewhere/file", pre_run="npm ci").replace(
        "run:\n    - 'npm ci'\n",
        "run:\n    - 'npm ci'\n    - 'cat /elsewhere/file node_modules/installed > log; tool >> log'\n",
    )
    async with builder_in(tmp_path) as builder:
        put_npm(tmp_path)
        for number in range(2):
            application, steps = await made(builder, place, apprunner__yaml=file, app__txt=str(number))
            assert KEPT in steps.lines  # the first time from the stage of the build, which installs the same
            log = (application.folder / "log").read_text(encoding="utf-8")
            assert log == f"x\n{{}}run from {application.folder.parent}/system/npm\n"
            assert told_by(application, tmp_path / f"instance-{number}").endswith("x\n")


@pytest.mark.case("P28")
async def test_another_command_before_an_installation_makes_it_run_again(tmp_path: Path) -> None:
    place = place_of(tmp_path)
    file = config(REVISED, "true", "sh start.sh", pre_run="npm ci").replace(
        "    - 'npm ci'\n", "    - 'cat app.txt > .npmrc'\n    - 'npm ci'\n"
    )
    async with builder_in(tmp_path) as builder:
        put_npm(tmp_path)
        for text in ("one", "two"):
            _, steps = await made(builder, place, apprunner__yaml=file, app__txt=text)
            assert "[PreRun] installing" in steps.lines


@pytest.mark.case("P28")
async def test_a_failed_installation_is_not_cached(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"apprunner.yaml": config(ORIGINAL, "go mod download"), "go.mod": "module a\n"})
    program = '#!/bin/sh\n[ "$1" != version ] || {{ echo go version go1.18.10 linux/amd64; exit; }}\n{}\n'
    async with builder_in(tmp_path) as builder:
        go = tmp_path / "toolchains" / "go" / "go"
        go.write_text(program.format("exit 3"), encoding="utf-8")
        with pytest.raises(BuildFailed, match="ended with exit code 3"):
            await made(builder, place, a__txt="1")
        go.write_text(program.format("echo fetched"), encoding="utf-8")
        _, steps = await made(builder, place, a__txt="2")
        # The layer of the build image is used for the run image, whose inputs are the same except for the variables of
        # build.env.
        assert steps.lines.count("[Build] fetched") == 2
        _, steps = await made(builder, place, a__txt="3")
        assert steps.lines.count("[Build] fetched") == 0
