"""Where the applications of instances listen, as the kernel's tables say it (`/proc/PID/net/tcp`).

Three answers, and they must not be confused: an instance listens, it does not, or nobody can tell from here because its
process is another machine's. A process that is gone listens to nothing: that is the second answer, not the third.
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
_LISTEN: Final = "0A"  # of /proc/net/tcp
_LOOPBACK_V4: Final = "7F"  # the first byte of 127.0.0.0/8, which the kernel of a little-endian machine writes last
_LOOPBACK_V6: Final = "0" * 24 + "01000000"
_MAPPED: Final = "0000000000000000FFFF0000"  # an address of version 4 within one of version 6
# The engine's own name server in every container on a network of the user's (Docker).
_ENGINE_DNS: Final = "0B00007F"
_SOCKET: Final = re.compile(r"socket:\[(\d+)\]")
_PORTS_TOLD_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Listening:
    """Ports of an instance: `outside` are reachable from outside it, `inside` through its own loopback only."""

    outside: tuple[int, ...] = ()
    inside: tuple[int, ...] = ()

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(sorted({*self.outside, *self.inside}))

    def explain(self, port: int) -> str:
        """Why nothing outside reaches `port`, for people; empty when the listening sockets are not the reason."""
        if port in self.outside:
            return ""
        if port in self.inside:
            return (
                f"it listens on 127.0.0.1 only (port {port}), which nothing outside reaches: let it listen on 0.0.0.0"
            )
        if self.ports:
            return f"it listens on {told_ports(self.ports)} and not on {port}"
        return "it listens on no port"


def told_ports(ports: Collection[int]) -> str:
    """`8000`, or `8000 and 9090`."""
    first = [str(port) for port in sorted(ports)[:_PORTS_TOLD_MAX]]
    more = [f"{len(ports) - len(first)} more"] if len(ports) > len(first) else []
    *before, last = (*first, *more)
    return f"{', '.join(before)} and {last}" if before else last


@dataclass(frozen=True, slots=True)
class Leader:
    """The first process of an instance on this machine. Its number may come round to another; its start does not."""

    pid: int
    started: int  # in ticks since the machine was; negative when it had ended before anybody looked

    @classmethod
    def of_container(cls, pid: int, container: str, proc: Path = _PROC) -> Leader | None:
        """None unless the process is there and the container's for certain, by the name of its control group.

        An engine behind a socket of this machine may run its containers in a virtual machine, or the simulator in a
        container: the number is nobody's here then, or somebody else's. For the same None it may have ended.
        """
        leader = cls.of(pid, proc)
        try:
            group = (proc / str(pid) / "cgroup").read_text()
        except OSError:
            return None
        return leader if container in group and leader.lives(proc) else None

    @classmethod
    def of(cls, pid: int, proc: Path = _PROC) -> Leader:
        fields = _stat(pid, proc)
        return cls(pid, int(fields[19]) if fields else -1)

    def lives(self, proc: Path = _PROC) -> bool:
        """False for one that is dead and has not been collected yet, too."""
        fields = _stat(self.pid, proc)
        return bool(fields) and fields[0] not in {b"Z", b"X"} and int(fields[19]) == self.started


def listening(
    pid: int, proc: Path = _PROC, *, sockets: Collection[int] | None = None, without: Collection[int] = ()
) -> Listening:
    """What listens where process `pid` has its network; of `sockets` (inode numbers) only, where they are given.

    `without`: ports of its loopback that are not the application's. Nothing where the process is gone.
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
    told = (port for port in inside if port not in outside and port not in without)
    return Listening(tuple(sorted(outside)), tuple(sorted(told)))


def listens(pid: int, port: int, proc: Path = _PROC) -> bool | None:
    """Whether something listens on `port`, reachable from outside, where process `pid` has its network.

    An application that listens on 127.0.0.1 of its container fails App Runner's health check (facts 5.2), and this one.
    False when the process is gone. None only when nobody can tell from here: the process is another machine's (`pid`
    0), so the caller has to find out in another way.
    """
    return None if pid <= 0 else port in listening(pid, proc).outside


def sockets_of(pids: Collection[int], proc: Path = _PROC) -> frozenset[int]:
    """Inode numbers of the sockets that the processes have open; a process that is gone or somebody else's has none."""
    found: set[int] = set()
    for pid in pids:
        with contextlib.suppress(OSError), os.scandir(proc / str(pid) / "fd") as entries:
            for entry in entries:
                with contextlib.suppress(OSError):  # closed meanwhile
                    socket = _SOCKET.fullmatch(Path(entry.path).readlink().name)
                    if socket is not None:
                        found.add(int(socket[1]))
    return frozenset(found)


def _stat(pid: int, proc: Path) -> list[bytes]:
    """From the state on: what stands behind the name, which may hold anything. Empty when there is no such process."""
    with contextlib.suppress(OSError):
        return (proc / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    return []


def _table(pid: int, proc: Path) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            yield from (proc / str(pid) / "net" / table).read_text().splitlines()[1:]


def _is_loopback(address: str) -> bool:
    """127.0.0.0/8, ::1, or the first mapped into IPv6, as the kernel writes them on a little-endian machine."""
    if len(address) == len(_ENGINE_DNS):
        return address.endswith(_LOOPBACK_V4)
    return address == _LOOPBACK_V6 or (address.startswith(_MAPPED) and address.endswith(_LOOPBACK_V4))
