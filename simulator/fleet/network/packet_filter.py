"""Tables of nftables: from an egress plan to the rules of one interface, and their life in the kernel."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from simulator.rules.network.egress_plan import EgressForward, EgressOpening, EgressPlan
from simulator.rules.network.security_groups import IpNetwork, NetworkProtocol

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FAMILY: Final = "inet"
# Before the rules of the engine, whose chains have the usual priorities: what is dropped here reaches none of them.
_NAT_PRIORITY: Final = -110
_FILTER_PRIORITY: Final = -10


class FilterError(Exception):
    """The kernel or nft rejected a command; the message says why."""


def why_no_filter() -> str:
    """Return why this process cannot filter packets; empty if it can, as far as can be seen without trying."""
    if shutil.which("nft", path=PATH) is None:
        return "the program nft of nftables is not installed"
    return "" if os.geteuid() == 0 else "it requires root"


def table_text(
    table: str,
    interface: str,
    gateway: str,
    plan: EgressPlan,
    listening: Mapping[EgressForward, int],
    *,
    internet: int = 0,
    dns: int = 0,
    own: bool = False,
) -> str:
    """Return the table of an interface. `gateway`: the address of this machine's end, where `listening` has the port of
    each forward.

    `own`: nothing else but this table forwards from the interface: connections to the internet are redirected to the
    port `internet` of the gateway, and DNS queries to the port `dns`; 0: to none. Otherwise the engine forwards them.

    Only IPv4: the interfaces have no other addresses, and all else is dropped.
    """
    ports = ", ".join(str(port) for port in (*listening.values(), internet) if port)
    guarded = f"  ip daddr {gateway} tcp dport {{ {ports} }} iifname != {_quoted(interface)} drop" if ports else ""
    to_internet = [each for each in plan.internet if _is_filtered(each.destination)]
    lines = (
        f"table {_FAMILY} {table} {{",
        " chain redirected {",
        f"  type nat hook prerouting priority {_NAT_PRIORITY};",
        f"  iifname {_quoted(interface)} jump sent",
        " }",
        " chain sent {",
        *(f"  {_redirection(gateway, forward, port)}" for forward, port in listening.items()),
        *([f"  ip daddr {gateway} udp dport 53 dnat ip to {gateway}:{dns}"] if dns else []),
        *(_to_proxy(gateway, plan, to_internet, internet) if internet else []),
        " }",
        " chain forwarded {",
        f"  type filter hook forward priority {_FILTER_PRIORITY};",
        f"  iifname {_quoted(interface)} jump leaving",
        " }",
        " chain entering {",
        f"  type filter hook input priority {_FILTER_PRIORITY};",
        f"  iifname {_quoted(interface)} jump arriving",
        guarded,
        " }",
        " chain leaving {",
        "  ct state established,related accept",
        *(f"  {_match(each)} reject with tcp reset" for each in plan.rejected if _is_filtered(each.destination)),
        *(f"  ip daddr {each} drop" for each in plan.closed if _is_filtered(each)),
        *([] if own else [f"  {_match(each)} accept" for each in to_internet]),
        "  drop",
        " }",
        " chain arriving {",
        "  ct state established,related accept",
        "  ct status dnat accept",
        "  drop",
        " }",
        "}",
    )
    return "\n".join(line for line in lines if line) + "\n"


def _to_proxy(gateway: str, plan: EgressPlan, openings: Sequence[EgressOpening], port: int) -> Iterator[str]:
    """Yield the rules that redirect what may leave for the internet, once what may not is excluded."""
    for each in (*(network for network in plan.closed if _is_filtered(network)), gateway):
        yield f"  ip daddr {each} return"
    for opening in plan.rejected:
        if _is_filtered(opening.destination):
            yield f"  {_match(opening)} return"
    for opening in openings:
        if opening.protocol is NetworkProtocol.ALL:
            yield f"  ip daddr {opening.destination} ip protocol tcp dnat ip to {gateway}:{port}"
        elif opening.protocol is NetworkProtocol.TCP:
            yield f"  {_match(opening)} dnat ip to {gateway}:{port}"


def _redirection(gateway: str, forward: EgressForward, port: int) -> str:
    return f"ip daddr {forward.address} tcp dport {forward.port} dnat ip to {gateway}:{port}"


def _match(opening: EgressOpening) -> str:
    to = f"ip daddr {opening.destination}"
    if opening.protocol is NetworkProtocol.ALL:
        return to
    if opening.protocol is NetworkProtocol.ICMP:
        return f"{to} ip protocol icmp"
    return f"{to} {opening.protocol} dport {opening.first}-{opening.last}"


def _is_filtered(network: IpNetwork) -> bool:
    return network.version == 4


def _quoted(name: str) -> str:
    return f'"{name}"'


async def add_table(text: str) -> None:
    """Add a table, in one step. Raises FilterError."""
    await run_tool(["nft", "-f", "-"], text)


async def remove_table(table: str) -> None:
    """Remove a table; a missing one is no error. What cannot be removed, the next start sweeps."""
    with contextlib.suppress(FilterError):
        await run_tool(["nft", "delete", "table", _FAMILY, table])


async def sweep_tables(is_orphan: Callable[[str], bool]) -> list[str]:
    """Remove the tables whose name `is_orphan` says that a dead simulator has left them; return their names."""
    if why_no_filter():
        return []
    try:
        listed = json.loads(await run_tool(["nft", "-j", "list", "tables"]))["nftables"]
    except FilterError:
        return []
    orphans = [name for name in _names(listed) if is_orphan(name)]
    for name in orphans:
        await remove_table(name)
    return orphans


def _names(listed: Sequence[Mapping[str, Mapping[str, str]]]) -> Iterator[str]:
    for entry in listed:
        table = entry.get("table")
        if table is not None and table["family"] == _FAMILY:
            yield table["name"]


async def run_tool(command: Sequence[str], text: str = "") -> str:
    """Run a program of the system's that changes the network; return its output. Raises FilterError."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": PATH},
        )
    except OSError as error:
        raise FilterError(f"{command[0]}: {error.strerror or error}") from error
    output, errors = await process.communicate(text.encode())
    if process.returncode != 0:
        raise FilterError(f"{command[0]}: {errors.decode(errors='replace').strip() or process.returncode}")
    return output.decode()
