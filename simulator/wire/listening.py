"""Errors of listeners: the port that could not be opened, the reason, and the process that already listens on it."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_LISTENS: Final = "0A"  # TCP_LISTEN of tcp_states.h, as it appears in /proc/net/tcp


class CannotListen(OSError):
    """A listener could not be opened. Raised instead of its OSError."""

    def __init__(self, error: OSError, host: str, port: int) -> None:
        super().__init__(error.errno, error.strerror or str(error))
        self.host = host
        self.port = port

    def __str__(self) -> str:
        return f"port {self.port} of {self.host}: {self.reason}"

    @property
    def reason(self) -> str:
        """Completes "is ...": in use, and by which process if that is known; or the message of the operating system."""
        if self.errno == errno.EADDRINUSE:
            return f"taken{holder(self.port)} (address already in use)"
        if self.errno == errno.EACCES:
            return "reserved for root"
        return f"not available: {self.strerror}"


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[None]:
    """Wrap the opening of a listener, so that an OSError becomes a CannotListen with the address."""
    try:
        yield
    except CannotListen:
        raise
    except OSError as error:
        raise CannotListen(error, host, port) from error


def holder(port: int) -> str:
    """Return the listening process as ` by nginx (pid 42)`; empty if it cannot be determined, as for processes of other
    users or on systems other than Linux.
    """
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
    """Return the name of the process if it has one of the sockets open, otherwise an empty string."""
    try:
        if any(str(file.readlink()) in inodes for file in (process / "fd").iterdir()):
            return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # the process has ended, or belongs to another user
        pass
    return ""
