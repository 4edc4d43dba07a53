from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from simulator.fleet.ports import LaunchError
from simulator.fleet.process.confinement.sweep import owner_name
from simulator.fleet.process.environment import (
    InstanceFolder,
    ProcessApplication,
    clean_environment,
    find_program,
    why_not_copied,
)


def test_the_environment_holds_these_names_and_no_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SIMULATOR", "x")
    environment = clean_environment(InstanceFolder(tmp_path), 20_001, {"A": "1"}, {"B": "2"})
    assert sorted(environment) == sorted(
        ["PATH", "HOME", "LANG", "TMPDIR", "HOST", "PORT", "A", "B", "AWSAPPRUNNER_SIMULATOR_INSTANCE"]
    )


def test_port_cannot_be_overridden(tmp_path: Path) -> None:
    environment = clean_environment(InstanceFolder(tmp_path), 20_001, {"PORT": "80"}, {"PORT": "81"})
    assert environment["PORT"] == "20001"


def test_an_instance_variable_wins_over_the_applications(tmp_path: Path) -> None:
    environment = clean_environment(InstanceFolder(tmp_path), 1, {"A": "application"}, {"A": "instance"})
    assert environment["A"] == "instance"


def test_python_means_the_interpreter_of_the_simulator(tmp_path: Path) -> None:
    path = clean_environment(InstanceFolder(tmp_path), 1, {}, {})["PATH"]
    assert Path(find_program("python", path, tmp_path)).parent == Path(sys.executable).parent


@pytest.mark.parametrize(
    ("command", "environment", "message"),
    [
        ((), {}, "must name a program"),
        (("",), {}, "must name a program"),
        (("a\0b",), {}, "must not contain a NUL"),
        (("a",), {"AWSAPPRUNNER_X": "1"}, "must not begin with AWSAPPRUNNER"),
        (("a",), {"A=B": "1"}, "must be a name"),
        (("a",), {"A": "secret\0"}, r"A = \(not shown\)"),
    ],
)
def test_what_cannot_be_run_is_rejected(command: tuple[str, ...], environment: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ProcessApplication(command, environment)


def test_a_missing_program_is_reported_with_the_searched_folders(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match=r"no-such-program.*not found in PATH = /nowhere"):
        find_program("no-such-program", "/nowhere", tmp_path)


def test_a_program_with_a_slash_is_taken_from_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "serve").write_text("#!/bin/sh\n")
    (tmp_path / "serve").chmod(0o755)
    assert find_program("./serve", "", tmp_path) == str(tmp_path / "serve")


def test_a_program_without_permission_is_reported(tmp_path: Path) -> None:
    (tmp_path / "serve").write_text("#!/bin/sh\n")
    (tmp_path / "serve").chmod(0o644)
    with pytest.raises(LaunchError, match="must be executable"):
        find_program("./serve", "", tmp_path)


def test_the_working_directory_is_copied_with_its_links(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").write_text("original")
    (source / "link").symlink_to("file")
    folder = InstanceFolder(tmp_path / "instance")
    folder.make(source)
    (folder.app / "file").write_text("changed")
    assert (source / "file").read_text() == "original"
    assert (folder.app / "link").is_symlink()


def test_a_missing_working_directory_is_reported(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="working_directory"):
        InstanceFolder(tmp_path / "instance").make(tmp_path / "missing")


def test_a_temporary_folder_in_the_working_directory_is_not_copied_into_itself(tmp_path: Path) -> None:
    ours = tmp_path / f"{owner_name(os.getpid())}x"
    ours.mkdir()
    (tmp_path / "apprunner-notes").touch()
    folder = InstanceFolder(ours / "1-1")
    folder.make(tmp_path)
    assert [path.name for path in folder.app.iterdir()] == ["apprunner-notes"]


def test_pipes_and_sockets_are_not_copied(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    os.mkfifo(source / "pipe")
    (source / "link").symlink_to("nowhere")
    folder = InstanceFolder(tmp_path / "instance")
    folder.make(source)
    assert [path.name for path in folder.app.iterdir()] == ["link"]


def test_of_many_files_that_cannot_be_copied_the_first_is_reported() -> None:
    error = shutil.Error([("a", "b", "no space left"), ("c", "d", "no space left")])
    assert why_not_copied(error) == "no space left (and 1 more)"
    assert why_not_copied(OSError(2, "gone")) == "[Errno 2] gone"
