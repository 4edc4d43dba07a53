from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from simulator.fleet.network import packet_filter
from simulator.fleet.network.packet_filter import (
    FilterError,
    add_table,
    remove_table,
    run_tool,
    sweep_tables,
    table_text,
    why_no_filter,
)
from simulator.rules.network.egress import EgressSource
from simulator.rules.network.egress_plan import egress_plan
from tests.rules.network.clouds import VPC, VPCS, A, B


def text_of(source: EgressSource, table: str = "one") -> str:
    plan = egress_plan(source, VPCS)
    return table_text(table, "ar0", "172.30.0.1", plan, {each: 40000 + n for n, each in enumerate(plan.forwards)})


def test_the_table_of_an_interface_without_internet() -> None:
    text = text_of(EgressSource(VPC, A, ("sg-narrow",)))
    assert "  ip daddr 10.0.9.10 tcp dport 5432 dnat ip to 172.30.0.1:40000\n" in text
    assert '  ip daddr 172.30.0.1 tcp dport { 40000 } iifname != "ar0" drop\n' in text
    leaving = text.partition("chain leaving {\n")[2].partition(" }")[0].splitlines()
    assert leaving[0] == "  ct state established,related accept"
    assert leaving[-1] == "  drop"
    assert [line for line in leaving if line.endswith("accept")] == leaving[:1]


def test_the_table_of_an_interface_with_internet() -> None:
    """The closed ranges precede the rules of the security group that allow any destination."""
    text = text_of(EgressSource(VPC, B, ("sg-narrow",)))
    leaving = text.partition("chain leaving {\n")[2].partition(" }")[0].splitlines()
    out = leaving.index("  ip daddr 0.0.0.0/0 tcp dport 443-443 accept")
    assert leaving.index("  ip daddr 10.0.0.0/16 drop") < out
    assert leaving.index("  ip daddr 172.16.0.0/12 drop") < out
    assert "dport { 40000, 40001 }" in text  # the database, and the target that represents a server on the internet


def test_connections_to_a_port_without_a_listener_are_rejected() -> None:
    text = text_of(EgressSource(VPC, A, ("sg-app",)))
    assert "  ip daddr 10.0.9.10/32 tcp dport 5433-5433 reject with tcp reset\n" in text


def test_without_a_forward_there_is_no_port_to_guard() -> None:
    assert "dport {" not in text_of(EgressSource(VPC, A, ("sg-none",)))


@pytest.mark.parametrize(
    "source",
    [EgressSource(), *(EgressSource(VPC, subnet, (group,)) for subnet in (A, B) for group in VPC.groups)],
)
def test_nft_accepts_every_table(source: EgressSource) -> None:
    if why_no_filter():
        pytest.skip("packets cannot be filtered here")
    done = subprocess.run(["nft", "-c", "-f", "-"], input=text_of(source), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def test_only_tables_of_ended_simulators_are_removed() -> None:
    if why_no_filter():
        pytest.skip("packets cannot be filtered here")
    own = f"test-{os.getpid()}"
    dead, alive = f"{own}-dead", f"{own}-alive"
    try:
        for table in (dead, alive):
            await add_table(text_of(EgressSource(), table))
        assert await sweep_tables(lambda name: name == dead) == [dead]
        listed = await run_tool(["nft", "list", "tables"])
        assert dead not in listed
        assert alive in listed
    finally:
        await remove_table(alive)
    assert alive not in await run_tool(["nft", "list", "tables"])
    await remove_table(alive)  # a second call is no error


async def test_a_rejected_table_is_an_error_with_the_reason() -> None:
    if why_no_filter():
        pytest.skip("packets cannot be filtered here")
    with pytest.raises(FilterError, match=r"nft: .*syntax error"):
        await add_table("table inet broken {\n nonsense\n}\n")


async def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(packet_filter, "PATH", str(tmp_path))
    assert why_no_filter() == "the program nft of nftables is not installed"
    assert await sweep_tables(lambda _: True) == []
    with pytest.raises(FilterError, match="absent-program: No such file or directory"):
        await run_tool(["/absent-program"])


def test_an_ordinary_user_cannot_filter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "nft"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(packet_filter, "PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert why_no_filter() == "it requires root"


async def test_the_error_of_a_failing_program_has_its_reason() -> None:
    with pytest.raises(FilterError, match="false: 1"):
        await run_tool(["false"])
    assert await run_tool(["cat"], "as it was given") == "as it was given"
