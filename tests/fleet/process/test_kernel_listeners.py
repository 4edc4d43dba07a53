from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.fleet.http.backend import HttpService
from simulator.fleet.ports import InstanceSpec
from simulator.fleet.process.driver import ProcessDriver
from simulator.fleet.process.environment import ProcessApplication
from simulator.fleet.process.kernel_listeners import Listening, SessionLeader, listening, listens, sockets_of
from simulator.fleet.process.listening import InstanceSockets, members
from simulator.fleet.process.settings import ProcessSettings
from simulator.model.health import HealthCheck
from simulator.model.sizes import InstanceSize

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def row(address: str, state: str = "0A", inode: int = 1) -> str:
    return (
        f"   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  0 0 {inode} 1 0 100 0 0 10 0\n"
    )


def table(folder: Path, *rows: str, six: tuple[str, ...] = ()) -> Path:
    (folder / "5" / "net").mkdir(parents=True)
    (folder / "5" / "net" / "tcp").write_text(HEAD + "".join(rows))
    (folder / "5" / "net" / "tcp6").write_text(HEAD + "".join(six))
    return folder


@pytest.mark.case("P1")
def test_an_ended_process_has_no_listeners_and_those_of_another_namespace_are_unknown(tmp_path: Path) -> None:
    proc = table(tmp_path, row("00000000:1F90"))
    assert [listens(5, 8080, proc), listens(5, 8081, proc), listens(6, 8080, proc)] == [True, False, False]
    assert listens(0, 8080, proc) is None


@pytest.mark.case("P7")
def test_listeners_are_classified_by_their_reachability(tmp_path: Path) -> None:
    mapped = "0000000000000000FFFF00000100007F"
    proc = table(
        tmp_path,
        row("00000000:1F40", inode=7),  # 0.0.0.0:8000
        row("0100007F:1F90"),  # 127.0.0.1:8080
        row("0200007F:1F91"),  # 127.0.0.2 is loopback as well
        row("0B00007F:A001"),  # the engine's name server
        row("00000000:1F92", state="01"),  # a connection
        six=(row(f"{mapped}:1F93"), row(f"{'0' * 24}01000000:1F94"), row(f"{'0' * 32}:1F90")),
    )
    assert listening(5, proc) == Listening(outside=(8000, 8080), inside=(8081, 8083, 8084))
    assert listening(5, proc, sockets={7}) == Listening(outside=(8000,))
    assert listening(5, proc, without={8081}).inside == (8083, 8084)
    assert listening(6, proc) == Listening()


@pytest.mark.case("P7")
@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Listening(outside=(8080, 9090)), ""),
        (Listening(outside=(8000,)), "it listens on 8000 and not on 8080"),
        (Listening(outside=(3000, 8000), inside=(5005,)), "it listens on 3000, 5005 and 8000 and not on 8080"),
        (Listening(), "it listens on no port"),
        (
            Listening(inside=(8080,)),
            "it listens on 127.0.0.1 only (port 8080), unreachable from outside: let it listen on 0.0.0.0",
        ),
        (Listening(outside=tuple(range(1, 9))), "it listens on 1, 2, 3, 4, 5 and 3 more and not on 8080"),
    ],
)
def test_the_reason_why_a_port_is_unreachable_is_explained(seen: Listening, expected: str) -> None:
    assert seen.explain(8080) == expected


@pytest.mark.case("P1")
def test_a_leader_that_has_ended_is_not_alive_before_it_is_reaped() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        pid = process.pid
        leader = SessionLeader.of(pid)
        assert leader.is_alive()
        assert not SessionLeader(pid, leader.started - 1).is_alive(), "the number came round"
        process.kill()
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert not leader.is_alive(), "it has not been waited for yet"
    assert not leader.is_alive()
    assert not SessionLeader.of(pid).is_alive()


@pytest.mark.case("P1")
def test_a_process_is_a_containers_when_its_control_group_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "5"
    folder.mkdir()
    (folder / "stat").write_text("5 (a ) b) S 1 5 5 " + "0 " * 15 + "4711 0 0")
    (folder / "cgroup").write_text("0::/system.slice/docker-abc123.scope\n")
    assert SessionLeader.of_container(5, "abc123", tmp_path) == SessionLeader(5, 4711)
    assert SessionLeader.of_container(5, "another", tmp_path) is None
    assert SessionLeader.of_container(6, "abc123", tmp_path) is None


@pytest.mark.case("P5")
async def test_only_the_instances_own_sockets_count() -> None:
    program = "import socket; s = socket.create_server(('', 0)); print(s.getsockname()[1], flush=True); input()"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-c", program),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    theirs = int(await process.stdout.readline())
    with socket.create_server(("127.0.0.1", 0)) as other:
        ours = other.getsockname()[1]
        found = listening(process.pid, sockets=sockets_of(members(process.pid, ())))
        assert (theirs in found.ports, ours in found.ports) == (True, False)
        stranger = InstanceSockets(process.pid, (), port=ours, given=1)
        assert "it listens on" not in stranger.explain(), "its sockets have not been read yet"
        assert stranger.explain_end().startswith(f"port {ours} of this machine is in use")
    assert InstanceSockets(process.pid, (), port=ours, given=1).explain_end() == ""
    process.kill()
    await process.communicate()


@pytest.mark.case("P7")
async def test_observations_from_before_an_instance_was_healthy_are_not_reported_afterwards(tmp_path: Path) -> None:
    """The process first listens on a debugger's port, then on its own.

    Then it is healthy, and there is nothing to explain.
    """
    program = (
        "import os, socket, time\n"
        "first = socket.create_server(('127.0.0.1', 0)); time.sleep(1.5)\n"
        "own = socket.create_server(('127.0.0.1', int(os.environ['PORT']))); time.sleep(60)"
    )
    application = ProcessApplication((sys.executable, "-I", "-S", "-c", program))
    driver = ProcessDriver(application, HttpService, lambda *_: None, ProcessSettings(scratch=tmp_path))
    try:
        backend = await driver.launch(InstanceSpec("web", 1, InstanceSize()))
        said = []
        async with asyncio.timeout(60):
            while await backend.probe(HealthCheck()) is not None:
                said.append(backend.explain())
                await asyncio.sleep(0.05)
        assert any("and not on $PORT" in each for each in said)
        assert backend.explain() == ""
    finally:
        await driver.close()
