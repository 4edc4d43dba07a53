"""A second container engine, which a test can stop without an effect on other users of the machine's engine.

It has its own folders, socket, bridge and namespace of containerd, and does not change the machine's firewall and
forwarding: ports are published by its proxy. `--bridge none` is not used: an engine with this option removes the
bridges of all other engines.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# An engine answers within a second or two; the limit is for a busy machine.
PATIENCE_S = 60.0


class SecondEngine:
    """A second engine. `url`: the address at which it listens."""

    def __init__(self, folder: Path) -> None:
        self.url = f"unix://{folder}/engine.sock"
        self._folder = folder
        self._bridge = f"apprt{os.getpid()}"
        self._daemon: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Create its bridge, which remains across restarts, and start it."""
        subprocess.run(["ip", "link", "add", self._bridge, "type", "bridge"], check=True)
        address = f"10.213.{os.getpid() % 250}.1/24"
        subprocess.run(["ip", "address", "add", address, "dev", self._bridge], check=True)
        subprocess.run(["ip", "link", "set", self._bridge, "up"], check=True)
        self.start()

    def close(self) -> None:
        self.stop()
        subprocess.run(["ip", "link", "delete", self._bridge], check=False)

    def start(self) -> None:
        """Start the engine, and return when it answers."""
        name = f"apprunner-test-{os.getpid()}"
        log = (self._folder / "log").open("ab")
        words = ["dockerd", "--host", self.url, "--pidfile", f"{self._folder}/pid"]
        words += ["--data-root", f"{self._folder}/data", "--exec-root", f"{self._folder}/exec"]
        words += ["--bridge", self._bridge, "--iptables=false", "--ip6tables=false", "--ip-forward=false"]
        words += ["--containerd-namespace", name, "--containerd-plugins-namespace", f"{name}-plugins"]
        with log:
            self._daemon = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for _ in range(int(PATIENCE_S / 0.1)):
            if self._daemon.poll() is not None:
                break
            if self._asked("version").returncode == 0:
                return
            time.sleep(0.1)  # noqa: TID251 for a daemon that does not report when it is ready
        pytest.fail(f"the second engine did not start: {(self._folder / 'log').read_text()[-2000:]}")

    def stop(self) -> None:
        """Stop it as a service manager does: its containers end first."""
        if self._daemon is not None:
            self._daemon.terminate()
            self._daemon.wait(PATIENCE_S)
            self._daemon = None

    def kill(self) -> None:
        """End it as by `kill -9`: its containers continue to run."""
        assert self._daemon is not None
        self._daemon.kill()
        self._daemon.wait(PATIENCE_S)
        self._daemon = None
        # Its containerd ends with it. As a zombie it would still count as the running process of its pid file.
        for file in ("pid", "exec/containerd/containerd.pid"):
            (self._folder / file).unlink(missing_ok=True)

    def given(self, *words: str) -> str:
        done = self._asked(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _asked(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["docker", "--host", self.url, *words], capture_output=True, text=True, check=False)


@contextlib.contextmanager
def on_btrfs(folder: Path) -> Iterator[None]:
    """Mount a file system with quotas at `folder` for the engine's data."""
    disk, data = folder / "disk", folder / "data"
    with disk.open("wb") as file:
        file.truncate(1024**3)  # a sparse file: it occupies what is written
    data.mkdir()
    for words in (["mkfs.btrfs", "--quiet", str(disk)], ["mount", "--options", "loop", str(disk), str(data)]):
        if shutil.which(words[0]) is None or subprocess.run(words, capture_output=True, check=False).returncode != 0:
            pytest.skip(f"this machine has no btrfs: {' '.join(words)} fails")
    try:
        yield
    finally:
        subprocess.run(["umount", str(data)], check=True)


@contextlib.contextmanager
def second_engine(*, quotas: bool = False) -> Iterator[SecondEngine]:
    """Yield a running engine.

    If the machine cannot run one, skip the test, or fail it if CI_ENGINE_REQUIRED is set (as in CI).
    """
    if shutil.which("dockerd") is None or os.geteuid() != 0:
        why = "a second container engine needs dockerd and root"
        if os.environ.get("CI_ENGINE_REQUIRED"):  # noqa: TID251 the tests' own door
            pytest.fail(why)
        pytest.skip(why)
    # Not in pytest's folder: its path is too long for the sockets that are created there.
    folder = Path(tempfile.mkdtemp(prefix="engine-"))
    engine = SecondEngine(folder)
    try:
        with on_btrfs(folder) if quotas else contextlib.nullcontext():
            try:
                engine.open()
                yield engine
            finally:
                engine.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
