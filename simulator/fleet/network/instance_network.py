"""A network of its own for an instance that is a process: a namespace, and an interface to which egress rules apply.

    instance  eth0 198.18.0.2 ── 198.18.0.1 ar…  this machine: packet filter, proxies

The namespace has no name: it exists as long as the instance, or this process, which keeps it open. So the namespace and
the interface disappear after `kill -9`, too. The nftables table remains; the next start removes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import secrets
import shutil
import socket
from pathlib import Path
from typing import Final

from simulator.fleet.network.address_blocks import PREFIX, AddressBlocks
from simulator.fleet.network.forwarders import Forwarders
from simulator.fleet.network.internet_proxy import InternetProxy, forward_dns, name_server
from simulator.fleet.network.namespace_proxy import CLONE_NEWNET, in_own_thread
from simulator.fleet.network.packet_filter import (
    PATH,
    FilterError,
    add_table,
    remove_table,
    replace_table,
    run_tool,
    table_text,
    why_no_filter,
)
from simulator.rules.network.egress_plan import EgressPlan

_BACKLOG: Final = 128
_TOKEN_BYTES: Final = 6


def why_not_enforced() -> str:
    """Return why processes cannot have their own networks; empty if no obstacle is known.

    Whether it works is not tried.
    """
    for program, package in (("ip", "iproute2"), ("nsenter", "util-linux")):
        if shutil.which(program, path=PATH) is None:
            return f"the program {program} of {package} is not installed"
    return why_no_filter()


class InstanceNetwork:
    """The network of one instance.

    Call `open` before the process starts, and `close` after it has ended, even on errors.
    """

    def __init__(self, blocks: AddressBlocks, owner: str, plan: EgressPlan) -> None:
        """Reserve addresses. `owner`: prefix of the names of the tables that this network creates."""
        token = secrets.token_hex(_TOKEN_BYTES)
        self._blocks = blocks
        self._block = blocks.take()
        self._plan = plan
        self._interface, self._table = f"ar{token}", f"{owner}{token}"
        self._namespace = -1
        self._forwarders = Forwarders()
        self._internet = InternetProxy()
        self._internet_port = self._dns_port = 0
        self._dns: asyncio.DatagramTransport | None = None

    @property
    def host(self) -> str:
        """The instance's address, as seen from this machine."""
        return str(self._block.address)

    @property
    def namespace(self) -> Path:
        """The path of the network namespace in /proc."""
        return Path(f"/proc/{os.getpid()}/fd/{self._namespace}")

    @property
    def prefix(self) -> tuple[str, ...]:
        """Command prefix that runs a command in the namespace."""
        return ("nsenter", f"--net={self.namespace}", "--")

    def files(self, folder: Path) -> tuple[tuple[str, str], ...]:
        """Write the hosts file and resolv.conf to `folder`.

        Return pairs: the file written, and its path in the instance.
        """
        lines = ["127.0.0.1 localhost", "::1 localhost"]
        lines += [f"{address} {name}" for name, address in self._plan.names.items()]
        texts = {"hosts": "\n".join(lines), "resolv.conf": f"nameserver {self._block.gateway}"}
        for name, text in texts.items():
            (folder / name).write_text(f"{text}\n", encoding="utf-8")
        return tuple((str(folder / name), f"/etc/{name}") for name in texts)

    async def open(self) -> None:
        """Create the namespace, the interface and its rules.

        Raises:
            OSError, FilterError: if the machine does not allow it; the caller must still call `close`.
        """
        self._namespace = await asyncio.get_running_loop().run_in_executor(None, in_own_thread, _new_namespace)
        gateway, address = self._block.gateway, self._block.address
        await run_tool(
            ["ip", "-batch", "-"],
            f"link add {self._interface} type veth peer name eth0 netns {self.namespace}\n"
            f"address add {gateway}/{PREFIX} dev {self._interface}\n"
            f"link set {self._interface} up\n",
        )
        server = name_server()
        if server is not None:
            self._dns, self._dns_port = await forward_dns(str(gateway), server)
        await add_table(await self._text())
        # Configure the instance's end last: it gives the instance its route, so the rules must be in force by then.
        await run_tool(
            [*self.prefix, "ip", "-batch", "-"],
            "link set lo up\n"
            f"address add {address}/{PREFIX} dev eth0\n"
            "link set eth0 up\n"
            f"route add default via {gateway}\n",
        )

    async def apply(self, plan: EgressPlan) -> None:
        """Enforce another plan from now on; open connections stay open. Raises OSError or FilterError."""
        if self._namespace < 0 or plan == self._plan:
            return
        self._plan = plan
        await replace_table(self._table, await self._text())

    async def _text(self) -> str:
        """Return the nftables table of the plan. The proxies of its forwards must be listening."""
        gateway = str(self._block.gateway)
        listening = await self._forwarders.open(gateway, self._plan)
        if self._plan.internet and not self._internet_port:
            internet = _listening(gateway)
            self._internet_port = internet.getsockname()[1]
            await self._internet.open(internet)
        port = self._internet_port if self._plan.internet else 0
        interface, dns = self._interface, self._dns_port
        return table_text(self._table, interface, gateway, self._plan, listening, internet=port, dns=dns, own=True)

    async def close(self) -> None:
        """Remove the table, the interface and the namespace. Idempotent."""
        if self._namespace >= 0:
            await remove_table(self._table)
            with contextlib.suppress(FilterError):  # the interface disappeared with the namespace
                await run_tool(["ip", "link", "delete", self._interface])
            os.close(self._namespace)
            self._namespace = -1
        if self._dns is not None:
            self._dns.close()
        await self._internet.close()
        await self._forwarders.close()
        self._blocks.release(self._block)


def _listening(host: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.bind((host, 0))
        made.listen(_BACKLOG)
    except BaseException:
        made.close()
        raise
    return made


def _new_namespace() -> int:
    """Return a descriptor of a new network namespace.

    Call it in a thread that then ends: the thread stays in the namespace.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"a network namespace: {os.strerror(number)}")
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)
