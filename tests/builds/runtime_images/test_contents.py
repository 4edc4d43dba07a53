"""The script runs with the shell of this machine, in folders of programs that print what the test defines."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from simulator.builds.runtime_images.contents import Contents, examination
from simulator.builds.runtime_images.names import Role
from simulator.builds.runtimes import RUNTIMES


def examined(folder: Path, runtime: str, programs: Mapping[str, str]) -> Contents:
    for name, output in programs.items():
        file = folder / name
        file.write_text(f"#!/bin/sh\nprintf '%s' '{output}' >&2\n", encoding="utf-8")
        file.chmod(0o755)
    script = examination(RUNTIMES[runtime], Role.BUILD)
    done = subprocess.run(
        ["/bin/sh", "-c", script], env={"PATH": str(folder)}, capture_output=True, text=True, check=True
    )
    return Contents.of_output(RUNTIMES[runtime], done.stdout)


@pytest.mark.parametrize(
    ("runtime", "programs", "version", "program"),
    [
        ("PYTHON_311", {"python3": "Python 3.11.2"}, "3.11.2", "python3"),
        ("PYTHON_311", {"python3": "Python 3.9.2", "python3.11": "Python 3.11.4"}, "3.11.4", "python3.11"),
        ("PYTHON_311", {"python3": "Python 3.13.1"}, "3.13.1", ""),
        ("PYTHON_3", {"python3.7": "Python 3.7.9"}, "3.7.9", "python3.7"),
        ("NODEJS_22", {"node": "v22.14.0"}, "22.14.0", "node"),
        ("CORRETTO_11", {"java": 'openjdk version "11.0.22" 2024-01-16 LTS\nOpenJDK Runtime'}, "11.0.22", "java"),
        ("CORRETTO_8", {"java": 'openjdk version "1.8.0_402"\nOpenJDK Runtime'}, "8.0", "java"),
        ("GO_1", {"go": "go version go1.18.10 linux/amd64"}, "1.18.10", "go"),
        ("RUBY_31", {"ruby": "broken"}, "", ""),
        ("DOTNET_6", {}, "", ""),
    ],
)
def test_the_version_of_the_language_is_found(
    tmp_path: Path, runtime: str, programs: Mapping[str, str], version: str, program: str
) -> None:
    contents = examined(tmp_path, runtime, programs)
    assert contents.version(RUNTIMES[runtime]) == version
    assert contents.program_for(RUNTIMES[runtime]) == program


def test_tools_and_package_managers_are_found(tmp_path: Path) -> None:
    contents = examined(tmp_path, "NODEJS_22", {"npm": "10", "yum": "4", "apt-get": "2", "unrelated": ""})
    assert contents.programs == {"npm", "yum", "apt-get"}
    assert contents.manager == "apt-get"
    assert Contents().manager == ""


def test_the_distribution_is_read_from_its_file() -> None:
    output = "system=Amazon Linux 2023\nnoise\nprogram=dnf\nbegin=node\nv22.1.0\n\nend=node\n"
    assert Contents.of_output(RUNTIMES["NODEJS_22"], output) == Contents(
        "Amazon Linux 2023", frozenset({"dnf"}), {"node": "22.1.0"}
    )
