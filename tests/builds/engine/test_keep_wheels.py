from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from simulator.builds.engine.keep_wheels import fetch, keep, wheel_arguments


def wheel(
    name: str = "six",
    version: str = "1.17.0",
    tags: tuple[str, ...] = ("py2-none-any", "py3-none-any"),
    build: str = "",
) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{name}.py", "x = 1\n" * 1000)
        lines = ["Wheel-Version: 1.0", *([f"Build: {build}"] if build else []), *(f"Tag: {tag}" for tag in tags)]
        archive.writestr(f"{name}-{version}.dist-info/WHEEL", "\n".join(lines) + "\n")
    return packed.getvalue()


def kept(tmp_path: Path, *responses: bytes) -> dict[str, bytes]:
    for number, response in enumerate(responses):
        file = tmp_path / "cache" / "http" / str(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(response)
    folder = tmp_path / "cache" / "kept"
    assert keep(tmp_path / "cache", folder) == len(list(folder.iterdir()))
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"", b""), (b"cc=4,\x82\xa8response\x87\xa4body\xc5+*", b"\xa7headers\x83\xa4date\xd9\x1dMon, 01 Jan" * 20)],
    ids=["a file of its own", "inside a serialized response"],
)
def test_a_wheel_is_copied_as_it_was_downloaded(tmp_path: Path, before: bytes, after: bytes) -> None:
    content = wheel()
    assert kept(tmp_path, before + content + after) == {"six-1.17.0-py2.py3-none-any.whl": content}
    assert keep(tmp_path / "cache", tmp_path / "cache" / "kept") == 0


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (
            wheel(tags=("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64")),
            "six-1.17.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        ),
        (wheel(version="1.0+local.1", tags=("py3-none-any",), build="2b"), "six-1.0+local.1-2b-py3-none-any.whl"),
        (wheel("a_b", "1!2.0", ("py3-none-any",)), "a_b-1!2.0-py3-none-any.whl"),
    ],
)
def test_the_name_is_that_of_the_index(tmp_path: Path, content: bytes, name: str) -> None:
    assert list(kept(tmp_path, content)) == [name]


def test_what_is_no_wheel_is_left(tmp_path: Path) -> None:
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("a.txt", "a")
    other = wheel(tags=("../x-none-any",)), wheel(tags=()), wheel("..")
    assert kept(tmp_path, b"", b"<a href>", wheel()[:-30], b"PK\x05\x06", plain.getvalue(), *other) == {}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("pip install -r requirements.txt", [["-r", "requirements.txt"]]),
        ("pip3 install --no-cache-dir --upgrade -r requirements.txt -t lib", [["-r", "requirements.txt"]]),
        ("python3 -m venv v && . v/bin/activate && pip install -r r.txt", [["-r", "r.txt"]]),
        ("cd app; /app/v/bin/pip3.11 --quiet install six 'flask>=2,<3'", [["six", "flask>=2,<3"]]),
        (
            "python3 -m pip install --target=lib --index-url=https://x/simple six",
            [["--index-url=https://x/simple", "six"]],
        ),
        ("pip install -c c.txt --pre six\npip install click", [["-c", "c.txt", "--pre", "six"], ["click"]]),
        ("pip install -e . --user", [["."]]),
        ("pip install -U pip wheel | cat", [["pip", "wheel"]]),
        ("pip install $PACKAGES", []),
        ("pip install -c c.txt", []),
        ("pip list && echo install", []),
        ("pipenv install", []),
        ("echo 'unbalanced", []),
    ],
)
def test_the_packages_of_install_commands_are_found(command: str, expected: list[list[str]]) -> None:
    assert list(wheel_arguments(command)) == expected


def test_wheels_of_a_command_are_fetched_once_for_each_content_of_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interpreter is a program that notes its calls, and fails for a package that does not exist."""
    program = tmp_path / "python"
    program.write_text('#!/bin/sh\necho "$*" >> calls\ncase "$*" in *absent*) exit 1; esac\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept").mkdir()
    requirements = tmp_path / "r.txt"
    for content, included in (("-r other.txt", "six"), ("-r other.txt", "six"), ("-r other.txt", "click")):
        requirements.write_text(content, encoding="utf-8")
        (tmp_path / "other.txt").write_text(included, encoding="utf-8")
        fetch(["pip install -r r.txt", "true"], Path("kept"))
    for _ in range(2):
        fetch(["pip install absent"], Path("kept"))
    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    common = "-m pip wheel --quiet --wheel-dir kept --find-links kept"
    assert calls == [f"{common} -r r.txt"] * 2 + [f"{common} absent"] * 2
