"""Input that `simulator up` rejects before it builds."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.project import up
from simulator.fleet.process.confinement.isolation import Namespaces, Way

RUN = CliRunner()


def rejection(*arguments: str) -> str:
    done = RUN.invoke(app, ["up", *arguments])
    assert done.exit_code == 2, done.output
    return done.output.strip()


def test_a_folder_without_a_configuration_gets_a_suggestion(tmp_path: Path) -> None:
    assert rejection(str(tmp_path)) == (
        f"error: {tmp_path} has no apprunner.yaml, which configures how to build and run it, and no Dockerfile: "
        f"`simulator init {tmp_path}` writes the first"
    )
    assert rejection(f"{tmp_path}/none") == f"error: DIR = {tmp_path}/none, must be a folder"


def test_build_options_are_rejected_for_a_dockerfile(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    for option in (["--build-image", "node:22"], ["--near-versions"], ["--secrets-file", "x"]):
        assert rejection(str(tmp_path), *option) == (
            f"error: {option[0]} = given, must come with an apprunner.yaml; {tmp_path} has a Dockerfile only"
        )


def test_an_invalid_image_or_toolchain_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "apprunner.yaml").write_text("version: 1.0\n", encoding="utf-8")
    assert "must be IMAGE, or RUNTIME=IMAGE" in rejection(str(tmp_path), "--build-image", "NODE=node:22")
    assert "must be RUNTIME=FOLDER" in rejection(str(tmp_path), "--toolchain", "NODE=/opt")


@pytest.mark.case("R7")
@pytest.mark.parametrize(
    ("command", "code", "reason"),
    [
        ("", 2, "apprunner.yaml has 1 problem: 5:1: run.command = nothing, must be given"),
        ("  command: 7up\n", 3, "Deployment failed."),
    ],
)
def test_a_wrong_file_exits_with_2_and_a_program_that_does_not_start_with_3(
    tmp_path: Path, command: str, code: int, reason: str
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    build = "build:\n  commands: {build: ['true']}\nrun:\n  runtime-version: 3.11\n"
    (project / "apprunner.yaml").write_text(f"version: 1.0\nruntime: python311\n{build}{command}", encoding="utf-8")
    done = RUN.invoke(app, ["up", str(project), "--state", str(tmp_path / "state"), "--https-port", "0"])
    assert (done.exit_code, reason in done.output) == (code, True), done.output


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Namespaces(Way.FOLDER, "the program unshare of util-linux is not installed"), 1),
        (Namespaces(Way.USER), 0),
    ],
)
def test_missing_isolation_is_reported_once_on_standard_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: Namespaces, said: int
) -> None:
    monkeypatch.setattr(up, "find_namespaces", lambda: found)
    (tmp_path / "apprunner.yaml").write_text("version: 1.0\nruntime: python311\n", encoding="utf-8")
    done = RUN.invoke(app, ["up", str(tmp_path), "--state", str(tmp_path / "state")])
    assert done.exit_code == 2
    assert done.stderr.count(f"processes as instances, and builds: {found}") == said
    assert done.stderr.count("unshare of util-linux is not installed") == said
