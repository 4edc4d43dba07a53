"""The ports on which applications of instances listen, read from the kernel's tables (`/proc/PID/net/tcp`).

There are three answers: the instance listens, it does not, or that is unknown because the process runs on another
machine. For a process that has ended the answer is that it does not listen.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_LISTEN: Final = "0A"  # the state LISTEN in /proc/net/tcp
_LOOPBACK_V4: Final = "7F"  # 127.0.0.0/8: its first byte comes last on a little-endian machine
_LOOPBACK_V6: Final = "0" * 24 + "01000000"
_MAPPED: Final = "0000000000000000FFFF0000"  # prefix of an IPv4 address mapped into IPv6
# Docker's name server, which listens in every container on a user-defined network.
_ENGINE_DNS: Final = "0B00007F"
_SOCKET: Final = re.compile(r"socket:\[(\d+)\]")
# Programs that listen in place of a container's application.
_PROXIES: Final = frozenset({"docker-proxy", "rootlessport"})
_PORTS_LISTED_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Listening:
    """Ports on which an instance listens: `outside`, reachable from outside it; `inside`, through its loopback only."""

    outside: tuple[int, ...] = ()
    inside: tuple[int, ...] = ()

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(sorted({*self.outside, *self.inside}))

    def explain(self, port: int) -> str:
        """Return why `port` cannot be reached from outside; empty if listening sockets are not the reason."""
        if port in self.outside:
            return ""
        if port in self.inside:
            return f"it listens on 127.0.0.1 only (port {port}), unreachable from outside: let it listen on 0.0.0.0"
        if self.ports:
            return f"it listens on {ports_text(self.ports)} and not on {port}"
        return "it listens on no port"


def ports_text(ports: Collection[int]) -> str:
    """Return the ports as text, such as `8000` or `8000 and 9090`."""
    first = [str(port) for port in sorted(ports)[:_PORTS_LISTED_MAX]]
    more = [f"{len(ports) - len(first)} more"] if len(ports) > len(first) else []
    *before, last = (*first, *more)
    return f"{', '.join(before)} and {last}" if before else last


@dataclass(frozen=True, slots=True)
class SessionLeader:
    """The first process of an instance on this machine.

    The kernel may reuse its process id; the pair of id and start time is unique.
    """

    pid: int
    started: int  # clock ticks since boot; negative if the process had ended before the value was read

    @classmethod
    def of_container(cls, pid: int, container: str, proc: Path = _PROC) -> SessionLeader | None:
        """Return the process if the name of its control group proves that it belongs to the container, else None.

        An engine behind a local socket may run its containers in a virtual machine, and the simulator may itself run in
        a container: then the process id refers to no process or to an unrelated one. None also if the process has
        ended.
        """
        leader = cls.of(pid, proc)
        try:
            group = (proc / str(pid) / "cgroup").read_text()
        except OSError:
            return None
        return leader if container in group and leader.is_alive(proc) else None

    @classmethod
    def of(cls, pid: int, proc: Path = _PROC) -> SessionLeader:
        fields = _stat(pid, proc)
        return cls(pid, int(fields[19]) if fields else -1)

    def is_alive(self, proc: Path = _PROC) -> bool:
        """Return True while the process runs; False also for a zombie."""
        fields = _stat(self.pid, proc)
        return bool(fields) and fields[0] not in {b"Z", b"X"} and int(fields[19]) == self.started


def listening(
    pid: int, proc: Path = _PROC, *, sockets: Collection[int] | None = None, without: Collection[int] = ()
) -> Listening:
    """Return the listening ports in the network namespace of process `pid`; none if the process has ended.

    `sockets`: if given, only sockets with these inode numbers count. `without`: loopback ports of the simulator, which
    do not count.
    """
    outside: dict[int, None] = {}
    inside: dict[int, None] = {}
    for line in _table(pid, proc):  # "  0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 0 0 0 4711 ..."
        fields = line.split()
        address, _, number = fields[1].rpartition(":")
        if fields[3] != _LISTEN or address == _ENGINE_DNS:
            continue
        if sockets is None or int(fields[9]) in sockets:
            (inside if _is_loopback(address) else outside)[int(number, 16)] = None
    given = (port for port in inside if port not in outside and port not in without)
    return Listening(tuple(sorted(outside)), tuple(sorted(given)))


def listens(pid: int, port: int, proc: Path = _PROC) -> bool | None:
    """Return whether a process listens on `port` in the network namespace of process `pid`, reachable from outside.

    An application that listens only on 127.0.0.1 of its container fails App Runner's health check (facts 5.2), and this
    check. False if the process has ended. None if that is unknown because the process runs on another machine (`pid`
    0); the caller must then find out in another way.
    """
    return None if pid <= 0 else port in listening(pid, proc).outside


def sockets_of(pids: Collection[int], proc: Path = _PROC) -> frozenset[int]:
    """Return the inode numbers of the sockets that the processes have open.

    A process that has ended or belongs to another user contributes none.
    """
    found: set[int] = set()
    for pid in pids:
        with contextlib.suppress(OSError), os.scandir(proc / str(pid) / "fd") as entries:
            for entry in entries:
                with contextlib.suppress(OSError):  # closed after the folder was listed
                    socket = _SOCKET.fullmatch(Path(entry.path).readlink().name)
                    if socket is not None:
                        found.add(int(socket[1]))
    return frozenset(found)


def listener_of(port: int, proc: Path = _PROC) -> int | None:
    """Return the process that listens on `port` of this machine; of several, such as a server and its workers, the one
    that started first. None if it is unknown: it belongs to another user, or is the proxy of a container engine.
    """
    inodes = {
        int(fields[9])
        for fields in map(str.split, _table(os.getpid(), proc))
        if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port
    }
    found = [int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()]
    listeners = [pid for pid in found if not inodes.isdisjoint(sockets_of([pid], proc))]
    if not listeners:
        return None
    first = min(listeners, key=lambda pid: SessionLeader.of(pid, proc).started)
    try:
        name = (proc / str(first) / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
    return None if name in _PROXIES else first


def _stat(pid: int, proc: Path) -> list[bytes]:
    """Return the fields of /proc/PID/stat, beginning with the state; empty if there is no such process.

    The fields follow the name in parentheses, which may contain any character.
    """
    with contextlib.suppress(OSError):
        return (proc / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    return []


def _table(pid: int, proc: Path) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            yield from (proc / str(pid) / "net" / table).read_text().splitlines()[1:]


def _is_loopback(address: str) -> bool:
    """Return True for 127.0.0.0/8, ::1 and 127.0.0.0/8 mapped into IPv6, in the notation of a little-endian kernel."""
    if len(address) == len(_ENGINE_DNS):
        return address.endswith(_LOOPBACK_V4)
    return address == _LOOPBACK_V6 or (address.startswith(_MAPPED) and address.endswith(_LOOPBACK_V4))
