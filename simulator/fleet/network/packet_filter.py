"""Tables of nftables: the rules of one interface, from an egress plan, and commands that add and remove tables."""

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
from simulator.world.child_processes import ended_with

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FAMILY: Final = "inet"
# Priorities before those of the engine's chains, so that the engine's rules never see the packets dropped here.
_NAT_PRIORITY: Final = -110
_FILTER_PRIORITY: Final = -10


class FilterError(Exception):
    """The kernel or nft rejected a command; the message says why."""


def why_no_filter() -> str:
    """Return why this process cannot filter packets; empty if no obstacle is known. Whether it works is not tried."""
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
    """Return the nftables table of an interface, as text for `nft -f`.

    `gateway`: address of this machine's end of the interface. `listening`: port of the gateway at which the proxy of
    each forward listens. `own`: True if only this table forwards packets from the interface; connections to the
    internet are then redirected to the port `internet` of the gateway, and DNS queries to its port `dns` (0: no such
    proxy). Otherwise the engine forwards packets.

    The rules allow IPv4 only: the interfaces have no IPv6 addresses, and all other packets are dropped.
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
    """Yield the rules that redirect connections to the internet to the proxy, after those with exceptions."""
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
    """Add a table atomically. Raises FilterError."""
    await run_tool(["nft", "-f", "-"], text)


async def replace_table(table: str, text: str) -> None:
    """Replace a table atomically by `text`. Raises FilterError."""
    await run_tool(["nft", "-f", "-"], f"add table {_FAMILY} {table}\ndelete table {_FAMILY} {table}\n{text}")


async def remove_table(table: str) -> None:
    """Remove a table; a missing one is no error. The next start removes a table for which this fails."""
    with contextlib.suppress(FilterError):
        await run_tool(["nft", "delete", "table", _FAMILY, table])


async def sweep_tables(is_orphan: Callable[[str], bool]) -> list[str]:
    """Remove the tables of simulators that have ended, as `is_orphan` decides by name; return these names."""
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
    """Run a system command that changes network configuration, with `text` as its input; return its output.

    Raises FilterError.
    """
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
    async with ended_with(process):
        output, errors = await process.communicate(text.encode())
    if process.returncode != 0:
        raise FilterError(f"{command[0]}: {errors.decode(errors='replace').strip() or process.returncode}")
    return output.decode()
