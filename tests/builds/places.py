"""Repositories and toolchains for tests of builds: real git, and programs that only print their version."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.builds.artifact import SourceDescription
from simulator.builds.git.repositories import RepositorySettings
from simulator.builds.local import LocalBuilder
from simulator.builds.resource_limits import BuildLimits
from simulator.builds.settings import BuildSettings
from simulator.builds.toolchain import ToolchainSettings

ORIGINAL, REVISED = "go1", "nodejs22"


def config(runtime: str, build: str = "true", run: str = "./start", **phases: str) -> str:
    """Return an apprunner.yaml with a command for each given phase."""
    commands = "".join(
        f"    {name}:\n      - {text!r}\n"
        for name, text in (
            ("pre-build", phases.get("pre_build")),
            ("build", build),
            ("post-build", phases.get("post_build")),
        )
        if text
    )
    pre_run = f"  pre-run:\n    - {phases['pre_run']!r}\n" if "pre_run" in phases else ""
    return (
        f"version: 1.0\nruntime: {runtime}\nbuild:\n  commands:\n{commands}"
        f"  env:\n    - name: ONLY_BUILD\n      value: here\n"
        f"run:\n{pre_run}  command: {run}\n  env:\n    - name: ONLY_RUN\n      value: there\n"
    )


class GitPlace:
    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit(files)

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str]) -> str:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change")
        return self.git("rev-parse", "HEAD")

    def source(self, **more: Any) -> SourceDescription:
        return SourceDescription(str(self.folder), "main", **more)


def toolchains(folder: Path) -> ToolchainSettings:
    """Return settings with the toolchains of the two runtimes in these tests."""
    for name, answer in (("go", "go version go1.18.10 linux/amd64"), ("node", "v22.21.1")):
        program = folder / name / name
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho {answer}\n", encoding="utf-8")
        program.chmod(0o755)
    return ToolchainSettings({"GO_1": folder / "go", "NODEJS_22": folder / "node"})


def local_builder(folder: Path, *, namespaces: bool = True, bytes_max: int = 10**8, **limits: Any) -> LocalBuilder:
    return LocalBuilder(
        BuildSettings(
            folder / "builds",
            toolchains(folder / "toolchains"),
            RepositorySettings(file_bytes_max=bytes_max, tree_bytes_max=bytes_max),
            BuildLimits(**limits),
            namespaces=namespaces,
        )
    )
