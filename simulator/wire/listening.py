"""A port that cannot be had: which one, why, and who listens on it."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_LISTENS: Final = "0A"  # tcp_states.h: TCP_LISTEN, as /proc/net/tcp has it


class CannotListen(OSError):
    """Raised in place of the OSError of a listener that could not be opened."""

    def __init__(self, error: OSError, host: str, port: int) -> None:
        super().__init__(error.errno, error.strerror or str(error))
        self.host = host
        self.port = port

    def __str__(self) -> str:
        return f"port {self.port} of {self.host}: {self.reason}"

    @property
    def reason(self) -> str:
        """Completes "is ...": taken, and by whom where that can be seen; or what the kernel says."""
        if self.errno == errno.EADDRINUSE:
            return f"taken{holder(self.port)} (address already in use)"
        if self.errno == errno.EACCES:
            return "for root alone"
        return f"not to be had: {self.strerror}"


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[None]:
    """Around what opens a listener: says which one could not be opened."""
    try:
        yield
    except CannotListen:
        raise
    except OSError as error:
        raise CannotListen(error, host, port) from error


def holder(port: int) -> str:
    """` by nginx (pid 42)`; nothing where it cannot be seen: another user's, or no Linux."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not inodes:
        return ""
    with contextlib.suppress(OSError):
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and (name := _holds(process, inodes)):
                return f" by {name} (pid {process.name})"
    return " by a process of another user"


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENS and fields[1].endswith(f":{port:04X}"):
                    yield fields[9]


def _holds(process: Path, inodes: set[str]) -> str:
    """The name of the process when it has one of the sockets open."""
    try:
        if any(str(file.readlink()) in inodes for file in (process / "fd").iterdir()):
            return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # gone, or another user's
        pass
    return ""
