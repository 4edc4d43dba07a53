"""Versions of an application as a builder makes them: real programs, some of which are bad, each in its own way."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from simulator.builds.artifact import BuildArtifact, BuildFailed, BuildSteps, SourceDescription
from simulator.model.resources.phase import Phase

# A minimal server with kept-alive connections, because a hundred of them are started one after the other.
PROGRAM = """
import os, socket, sys, threading
version, kind = open("VERSION").read().split()
if kind == "crash":
    sys.exit(3)
listening = socket.create_server((os.environ["HOST"], 0 if kind == "port" else int(os.environ["PORT"])), backlog=512)
def serve(connection):
    with connection:
        read = b""
        while True:
            while b"\\r\\n\\r\\n" not in read:
                more = connection.recv(65536)
                if not more:
                    return
                read += more
            head, _, read = read.partition(b"\\r\\n\\r\\n")
            bad = kind == "health" and head.startswith(b"GET /health ")
            status = b"500 Internal Server Error" if bad else b"200 OK"
            body = version.encode()
            connection.sendall(b"HTTP/1.1 %s\\r\\ncontent-length: %d\\r\\n\\r\\n%s" % (status, len(body), body))
while True:
    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
"""


class Kind(StrEnum):
    GOOD = "good"
    BUILD = "build"  # the build fails
    CRASH = "crash"  # it exits at its start
    HEALTH = "health"  # it answers its health checks with 500
    PORT = "port"  # it listens on another port


BAD = (Kind.BUILD, Kind.CRASH, Kind.HEALTH, Kind.PORT)


class Versions:
    """Implements `Builder`: version 1, 2, 3, ..., of which every `bad_every`-th one is bad, of each kind in turn."""

    def __init__(self, folder: Path, bad_every: int) -> None:
        self.newest = 0
        self.kept: list[str] = []
        self._folder = folder
        self._bad_every = bad_every

    def kind(self, version: int) -> Kind:
        if version % self._bad_every:
            return Kind.GOOD
        return BAD[(version // self._bad_every - 1) % len(BAD)]

    async def build(self, source: SourceDescription, steps: BuildSteps, commit: str = "") -> BuildArtifact:
        assert source.branch == "main"
        version = int(commit) if commit else self.newest + 1
        if not commit:
            self.newest = version
            await steps.reach(Phase.SOURCE_PULLED)
            await steps.reach(Phase.BUILDING)
            steps.log(f"[Build] Building version {version}")
            if self.kind(version) is Kind.BUILD:
                raise BuildFailed("The build command exited with code 1.", ("[Build] no such package",))
        folder = self._folder / str(version)
        folder.mkdir(exist_ok=True)
        (folder / "app.py").write_text(PROGRAM, encoding="utf-8")
        (folder / "VERSION").write_text(f"{version} {self.kind(version)}", encoding="utf-8")
        return BuildArtifact(folder, ("python3", "-S", "app.py"), "PYTHON_311", str(version))

    def keep(self, wanted: Sequence[BuildArtifact]) -> None:
        self.kept = [built.commit for built in wanted]

    async def close(self) -> None: ...
