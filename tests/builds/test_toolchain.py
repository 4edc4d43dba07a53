"""The programs of a machine for a runtime: the nearest is chosen; versions that App Runner does not have are noted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from simulator.builds import toolchain
from simulator.builds.runtimes import RUNTIMES
from simulator.builds.toolchain import Toolchain, ToolchainMissing, ToolchainSettings, find_toolchain

ANSWERS = {"python3": "Python {}", "go": "go version go{} linux/amd64", "node": "v{}"}


class Machine:
    """A machine with programs in the folders of version managers below a home, and no others."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = folder / "home"
        monkeypatch.setattr(toolchain, "SYSTEM_PATH", str(folder / "bin"))
        monkeypatch.setattr(sys, "base_prefix", str(folder / "own"))

    def put(self, place: str, name: str, version: str) -> Path:
        program = self.home / place / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\necho {ANSWERS[name].format(version)}\n", encoding="utf-8")
        program.chmod(0o755)
        return program

    def put_pythons(self, *versions: str) -> None:
        for version in versions:
            self.put(f".pyenv/versions/{version}/bin", "python3", version)

    async def find(self, runtime: str, wanted: str | None = None, *, near: bool = False, **own: Path) -> Toolchain:
        return await find_toolchain(RUNTIMES[runtime], wanted, ToolchainSettings(own, near, self.home))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.mark.case("P4")
@pytest.mark.parametrize(
    ("there", "wanted", "version", "note"),
    [
        (("3.7.16", "3.8.18", "3.11.7"), None, "3.8.18", ""),
        (("3.7.16", "3.8.18", "3.11.7"), "3.7", "3.7.16", ""),
        (("3.7.16", "3.8.18"), "3.8.16", "3.8.18", "runtime-version 3.8.16 is not on this machine; Python 3.8.18"),
        (("3.8.2", "3.8.15", "3.8.18"), "3.8.16", "3.8.15", "Python 3.8.15 is used"),
        (("3.7.16", "3.11.7"), None, "3.7.16", "without a runtime-version is Python 3.8 at App Runner; Python 3.7.16"),
        (("3.13.0", "3.9.18", "3.11.7"), None, "3.9.18", "Python 3.9.18 is used. What works here may fail there."),
        (("3.13.0", "3.12.1"), "3.7", "3.12.1", "PYTHON_3 runs on Python 3.7 or 3.8 at App Runner"),
    ],
)
async def test_the_nearest_python3_is_used_and_each_substitution_is_logged(
    machine: Machine, there: tuple[str, ...], wanted: str | None, version: str, note: str
) -> None:
    machine.put_pythons(*there)
    found = await machine.find("PYTHON_3", wanted)
    assert found.version == version
    assert note in found.note
    assert bool(note) == bool(found.note)


@pytest.mark.case("P4")
async def test_go1_means_go_1_18_and_a_substitute_is_logged(machine: Machine) -> None:
    machine.put("go", "go", "1.21.3")
    found = await machine.find("GO_1", GO_1=machine.home / "go")
    assert "GO_1 runs on Go 1.18 at App Runner, which is not on this machine; Go 1.21.3 is used." in found.note
    machine.put("go", "go", "1.18.4")
    assert (await machine.find("GO_1", GO_1=machine.home / "go")).note == ""


@pytest.mark.case("P4")
async def test_a_revised_runtime_has_no_substitute_unless_near_versions_are_allowed(machine: Machine) -> None:
    machine.put_pythons("3.12.1", "3.9.18")
    with pytest.raises(ToolchainMissing):
        await machine.find("PYTHON_311")
    found = await machine.find("PYTHON_311", near=True, PYTHON_311=machine.home / ".pyenv/versions/3.12.1")
    assert "PYTHON_311 runs on Python 3.11 at App Runner, which is not on this machine; Python 3.12.1" in found.note


@pytest.mark.case("P23")
async def test_a_hint_that_was_followed_is_not_repeated(machine: Machine) -> None:
    machine.put("node", "node", "20.1.0")
    with pytest.raises(ToolchainMissing, match=r"or allow near versions \(`--near-versions`\)\.$"):
        await machine.find("NODEJS_22", NODEJS_22=machine.home / "node")
    with pytest.raises(ToolchainMissing) as missing:
        await machine.find("PHP_81", near=True)
    assert "near" not in str(missing.value)
    assert "name its folder" in str(missing.value)
    with pytest.raises(ToolchainMissing) as missing:
        await machine.find("PHP_81", PHP_81=machine.home)
    assert "name another folder in the setting" in str(missing.value)
    assert "near" not in str(missing.value)  # without any program there is no near one
