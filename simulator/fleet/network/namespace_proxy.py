"""Loopback listeners: services of the simulator on 127.0.0.1 inside an instance's own network namespace.

An SDK accepts credentials over plain HTTP from loopback only, and a container has its own 127.0.0.1. So the listening
socket is created in the network namespace of the container: a thread joins the namespace, creates the socket and ends.
A socket stays in the namespace in which it was created, and the event loop serves it like any other. Only the container
itself can reach the address, and it can do so even without egress.

Requires Linux, permission to join namespaces (root), and an engine on this machine.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from simulator.fleet.ports import LoopbackListener

HOST: Final = "127.0.0.1"
CLONE_NEWNET: Final = 0x40000000  # setns(2), unshare(2): the network namespace
_BACKLOG: Final = 16

_MadeT = TypeVar("_MadeT")


def listening_inside(pid: int, port: int) -> socket.socket:
    """Return a socket that listens on 127.0.0.1:`port` in the network namespace of process `pid`.

    Raises:
        FileNotFoundError: if the process has ended.
        OSError: if it runs on another machine (`pid` 0), this process may not join it, or the port is in use there.
    """
    if pid <= 0:
        raise OSError(errno.EREMOTE, "the engine runs on another machine")
    return listening_in(Path(f"/proc/{pid}/ns/net"), port)


def listening_in(namespace: Path, port: int) -> socket.socket:
    """Return a socket that listens on 127.0.0.1:`port` in a network namespace. Raises as `listening_inside` does."""
    return in_own_thread(lambda: _made(namespace, port))


def in_own_thread(make: Callable[[], _MadeT]) -> _MadeT:
    """Call `make` in a new thread, which then ends; return its result, or raise its OSError.

    A network namespace belongs to a thread: a reused thread would stay in the namespace that `make` joins or creates.
    """
    outcome: list[_MadeT | OSError] = []

    def run() -> None:
        try:
            outcome.append(make())
        except OSError as error:
            outcome.append(error)

    thread = threading.Thread(target=run, name="network namespace")
    thread.start()
    thread.join()
    made = outcome[0]
    if isinstance(made, OSError):
        raise made
    return made


def _made(namespace: Path, port: int) -> socket.socket:
    libc = ctypes.CDLL(None, use_errno=True)
    with namespace.open("rb") as file:
        if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
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


def cannot_open(listener: LoopbackListener, error: OSError) -> str:
    """Return why the listener could not be opened, as a clause for users."""
    return (
        f"port {listener.port} of the container's loopback (for an instance role) requires root and a local engine: "
        f"{error.strerror or error}"
    )
