"""Doors: services of ours on 127.0.0.1 inside a container, for it alone.

An SDK takes credentials over plain HTTP from loopback only, and 127.0.0.1 of a container is its own. So the listening
socket is made where the container has its network: a thread joins that network namespace, makes the socket and ends. A
socket stays in the namespace in which it was made, while the loop serves it like any other. Nothing listens on an
address that anybody else could reach, and a container without egress has its doors all the same.

Linux, with the right to join namespaces (root), and an engine on this machine.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
_CLONE_NEWNET: Final = 0x40000000  # of setns(2): the descriptor must be of a network namespace
_BACKLOG: Final = 16

Close = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Door:
    """`serve` gets a socket that listens on `port` inside and answers what ends the service; it closes the socket."""

    port: int
    serve: Callable[[socket.socket], Awaitable[Close]]


def listening_inside(pid: int, port: int) -> socket.socket:
    """A socket that listens on 127.0.0.1:`port` where process `pid` has its network.

    Raises:
        FileNotFoundError: when the process is gone.
        OSError: when it is another machine's (`pid` 0), this one may not join it, or the port is taken there.
    """
    if pid <= 0:
        raise OSError(errno.EREMOTE, "the engine is elsewhere")
    outcome: list[socket.socket | OSError] = []

    def make() -> None:
        try:
            outcome.append(_made(Path(f"/proc/{pid}/ns/net"), port))
        except OSError as error:
            outcome.append(error)

    # A thread of its own: the namespace is the thread's, and one that is used again would keep it.
    thread = threading.Thread(target=make, name="door")
    thread.start()
    thread.join()
    made = outcome[0]
    if isinstance(made, OSError):
        raise made
    return made


def _made(namespace: Path, port: int) -> socket.socket:
    libc = ctypes.CDLL(None, use_errno=True)
    with namespace.open("rb") as file:
        if libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(namespace))
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setblocking(False)
        listening.bind((HOST, port))
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


def unopened(door: Door, error: OSError) -> str:
    """Why there is no door, for people."""
    return (
        f"port {door.port} of its own loopback, for an instance role say, takes root and an engine on this machine: "
        f"{error.strerror or error}"
    )
