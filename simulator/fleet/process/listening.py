"""The ports on which a process instance listens, including a fixed port in place of the assigned one.

Every instance is assigned its own port in $PORT, but many projects have the port of their `apprunner.yaml` as a literal
in the start command. Such an instance gets its requests on that port. Processes share the machine's network, so only
one instance can use it, and the message says what to change to run more. With VPC rules, each instance has a network
namespace (networks.py). Namespaces are not used without such rules: they would cut the application off from a database
on this machine, and so break more projects than they would help.

Only sockets of the instance's own processes count: a port on which another program listens is ignored.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

from simulator.fleet.process.kernel_listeners import Listening, listening, ports_text, sockets_of

# A check reads files of all processes of the instance. Nearly every application listens before the first check.
_FIRST_LOOK_S: Final = 0.4
_LOOK_S_MAX: Final = 5.0
_PROC: Final = Path("/proc")


class InstanceSockets:
    """The listening sockets of one instance; create it when the instance starts.

    `leader`: process that leads the instance's session. `groups`: its control groups. `port`: port in the service's
    configuration, 0 if not specified. `given`: the port assigned in $PORT.
    """

    def __init__(self, leader: int, groups: Collection[str], *, port: int, given: int) -> None:
        self._leader = leader
        self._groups = tuple(groups)
        self._port = port
        self._given = given
        self._seen = Listening()
        self._loop = asyncio.get_running_loop()
        self._wait_s = _FIRST_LOOK_S
        self._look_s = self._loop.time() + self._wait_s
        self.has_fixed_port = False

    async def look(self) -> bool:
        """Read the sockets if a check is due.

        Return True if the instance listens on its configured port but not on $PORT.
        """
        now_s = self._loop.time()
        if now_s >= self._look_s:
            self._wait_s = min(2 * self._wait_s, _LOOK_S_MAX)
            self._look_s = now_s + self._wait_s
            self._seen = await self._loop.run_in_executor(None, self._look)
        ports = self._seen.ports
        return not self.has_fixed_port and self._port in ports and self._given not in ports

    def explain(self) -> str:
        """Return why requests do not reach the instance on $PORT; empty if that is unknown or not the reason."""
        if self.has_fixed_port:
            return (
                f"it listens on its fixed port {self._port} and not on $PORT, which is {self._given} for this "
                "instance: requests go to the fixed port. A second instance cannot use it; to run more than one, "
                f"{_REMEDY}"
            )
        if not self._seen.ports or self._given in self._seen.ports:
            return ""
        others = ports_text(self._seen.ports)
        if self._port > 0 and self._port not in self._seen.ports:  # a network of its own would not help here
            return (
                f"it listens on {others}, neither on the service's port {self._port} nor on $PORT, which is "
                f"{self._given} for this instance: set the service's port to {self._seen.ports[0]}, or let it listen "
                "on $PORT"
            )
        return f"it listens on {others} and not on $PORT, which is {self._given} for this instance: {_REMEDY}"

    def explain_end(self) -> str:
        """Return why an instance may have ended before it was healthy: another program uses its port. Empty if not."""
        if self._port <= 0 or self._port == self._given or self.has_fixed_port:
            return ""
        if self._port not in listening(os.getpid()).ports:
            return ""
        return (
            f"port {self._port} of this machine is in use: if the application listens on it and not on $PORT, {_REMEDY}"
        )

    def _look(self) -> Listening:
        """Read the sockets. Blocks: call it in a thread."""
        return listening(self._leader, sockets=sockets_of(members(self._leader, self._groups)))


_REMEDY: Final = "let it listen on $PORT, or give each instance a network of its own with --build-image"


def members(leader: int, groups: Collection[str], proc: Path = _PROC) -> tuple[int, ...]:
    """Return the processes in the control groups; without groups, those in the session that `leader` leads."""
    found: dict[int, None] = {leader: None}
    for group in groups:
        for file in Path(group).rglob("cgroup.procs"):
            with contextlib.suppress(OSError):  # the group no longer exists
                found |= dict.fromkeys(int(pid) for pid in file.read_text().split())
    if not groups:
        for entry in proc.iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):  # not a process, or it has ended
                pid = int(entry.name)
                if int((entry / "stat").read_bytes().rpartition(b")")[2].split()[3]) == leader:
                    found[pid] = None
    return tuple(found)
