"""The Docker driver beyond the contract: images, networks, ports, leftovers, an engine that stops."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from simulator.fleet.docker.backend import ContainerBackend, listens
from simulator.fleet.docker.config import DockerApplication, DockerSettings
from simulator.fleet.docker.driver import DockerDriver
from simulator.fleet.docker.engine import Engine
from simulator.fleet.docker.engine_address import DEFAULT_HOST
from simulator.fleet.docker.labels import OWNER, labels, sweep_orphans
from simulator.fleet.http.backend import HttpService
from simulator.fleet.ports import InstanceSpec, LaunchError
from simulator.fleet.process.confinement.sweep import owner_name
from simulator.model.health import HealthCheck
from simulator.model.sizes import InstanceSize
from simulator.world.tasks import Tasks
from tests.live.arm_docker import left_behind
from tests.live.contract import SIZE, VARIABLE, Behaviour
from tests.live.docker_images import changed_image, engine_or_skip, python_image
from tests.live.quarter import RACE, assert_a_quarter
from tests.live.second_engine import second_engine
from tests.live.test_contract import ready

SPEC = InstanceSpec("web", 7, SIZE, {VARIABLE: Behaviour.READY.value})


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout


def inspected(backend: ContainerBackend) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(docker("inspect", backend.container))[0]
    return told


@contextlib.asynccontextmanager
async def driver(
    application: DockerApplication | None = None, settings: DockerSettings | None = None
) -> AsyncIterator[DockerDriver]:
    made = DockerDriver(
        application or DockerApplication(python_image()), HttpService, lambda *_: None, settings or DockerSettings()
    )
    try:
        yield made
    finally:
        await made.close()


def listening(pid: int, address: str) -> bool:
    return address in Path(f"/proc/{pid}/net/tcp").read_text()


def dead_owner(namespace_off: int = 0) -> str:
    """Return the name of a simulator that has ended, in this PID namespace or in one that cannot be seen from here."""
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    return f"apprunner-{Path('/proc/self/ns/pid').stat().st_ino + namespace_off}-{gone.pid}-1-"


async def test_an_instance_has_its_size_its_port_on_loopback_and_the_platforms_labels() -> None:
    application = DockerApplication(python_image(), environment={"A": "1", "PORT": "9"}, port=9000)
    async with driver(application) as made:
        backend = await made.launch(SPEC)
        await ready(backend)
        told = inspected(backend)
        host = told["HostConfig"]
        assert (host["CpuQuota"], host["CpuPeriod"]) == (25_000, 100_000)
        assert host["Memory"] == host["MemorySwap"] == 512 * 1024**2
        assert {binding["HostIp"] for binding in told["NetworkSettings"]["Ports"]["9000/tcp"]} == {"127.0.0.1"}
        assert {"A=1", "PORT=9000", f"{VARIABLE}=ready"} <= set(told["Config"]["Env"])
        mine = labels(told["Config"]["Labels"][OWNER], SPEC)
        assert {name: told["Config"]["Labels"][name] for name in mine} == mine
        assert "measured" in made.limits_in_force or "quota" in made.limits_in_force
        assert made.cpu_used_s() > 0
        usage = backend.usage()
        assert usage is not None
        assert 0 < usage.cpu_s <= made.cpu_used_s()
        assert 1e6 < usage.memory_bytes < 512e6


async def test_a_missing_image_fails_the_launch_with_app_runners_line() -> None:
    engine_or_skip()
    image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/absent/has-this:1"
    async with driver(DockerApplication(image)) as made:
        with pytest.raises(LaunchError, match="Failed to pull your application image") as caught:
            await made.launch(SPEC)
    assert f"no image {image} or absent/has-this:1 (no registry is contacted)" in str(caught.value)


async def test_an_identifier_of_a_registry_refers_to_the_local_image() -> None:
    name, _, tag = python_image().partition(":")
    async with driver(DockerApplication(f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/{name}:{tag}")) as made:
        await ready(await made.launch(SPEC))


async def test_a_start_command_replaces_the_images_own_and_a_bad_one_fails_the_launch() -> None:
    program = "import os, sys; sys.exit(int(os.environ['CODE']))"
    application = DockerApplication(python_image(), ("python", "-c", program), {"CODE": "9"})
    async with driver(application) as made:
        backend = await made.launch(SPEC)
        assert (await asyncio.shield(backend.exited)).detail == "Container exit code: 9"
    async with driver(DockerApplication(python_image(), ("no-such-program",))) as made:
        with pytest.raises(LaunchError, match="no-such-program"):
            await made.launch(SPEC)
        assert left_behind() == ""


async def lines_until_its_end(application: DockerApplication, spec: InstanceSpec = SPEC) -> list[str]:
    """Return the lines that an instance writes until it exits."""
    told: list[str] = []
    made = DockerDriver(application, HttpService, lambda *line: told.append(line[3]))
    try:
        backend = await made.launch(spec)
        async with asyncio.timeout(30):
            await asyncio.shield(backend.left)
    finally:
        await made.close()
    return told


async def test_a_start_command_keeps_the_images_entrypoint_and_runs_without_a_shell() -> None:
    entrypoint = """ENTRYPOINT ["/usr/bin/python", "-c", "import sys; print(sys.argv[1:])"]"""
    image = changed_image(entrypoint, 'CMD ["from", "the image"]')
    assert await lines_until_its_end(DockerApplication(image)) == ["['from', 'the image']"]
    assert await lines_until_its_end(DockerApplication(image, ("serve", "$HOME", "a;b"))) == [
        "['serve', '$HOME', 'a;b']"
    ]


def volumes_of(label: str) -> list[str]:
    return docker("volume", "ls", "--quiet", "--filter", f"label={OWNER}={label}").split()


async def test_the_images_volumes_are_labelled_count_as_storage_and_go_with_the_container() -> None:
    fill = "import time; open('/data/much', 'wb').write(b'x' * 4_000_000); print('full', flush=True); time.sleep(60)"
    image = changed_image("VOLUME /data")
    size = int(docker("image", "inspect", "--format", "{{.Size}}", image))
    settings = DockerSettings(storage_bytes=size + 3_000_000, storage_interval_s=0.05)
    owner = owner_name(os.getpid())
    async with driver(DockerApplication(image, ("python", "-c", fill)), settings) as made:
        backend = await made.launch(SPEC)
        (volume,) = volumes_of(owner)
        assert json.loads(docker("volume", "inspect", volume))[0]["Labels"][OWNER] == owner
        async with asyncio.timeout(30):
            status = await asyncio.shield(backend.exited)
            await asyncio.shield(backend.left)
        assert "ephemeral storage is full" in status.detail
        assert volumes_of(owner) == []


async def test_a_tcp_probe_sees_whether_the_application_listens_and_not_the_engines_proxy() -> None:
    program = "import socket, time; s = socket.create_server(('127.0.0.1', 8080)); time.sleep(60)"
    async with driver(DockerApplication(python_image(), ("python", "-c", program))) as made:
        backend = await made.launch(SPEC)
        pid = int(inspected(backend)["State"]["Pid"])
        async with asyncio.timeout(30):
            while not listening(pid, "0100007F:1F90"):  # noqa: ASYNC110 of another process
                await asyncio.sleep(0.005)
        assert await backend.probe(HealthCheck(timeout_s=1)) == "connection refused", (
            "127.0.0.1 inside is not published"
        )


def test_listening_is_read_from_the_kernels_tables(tmp_path: Path) -> None:
    folder = tmp_path / "5" / "net"
    folder.mkdir(parents=True)
    head = "  sl  local_address rem_address   st\n"
    lines = "   0: 0100007F:1F90 00000000:0000 0A 0\n   1: 00000000:1F91 00000000:0000 0A 0\n"
    (folder / "tcp").write_text(head + lines)
    (folder / "tcp6").write_text(head + f"   0: {'0' * 32}:1F92 {'0' * 32}:0000 0A 0\n")
    assert [listens(5, port, tmp_path) for port in (8080, 8081, 8082, 8083)] == [False, True, True, False]
    assert listens(6, 8080, tmp_path) is False, "a process that is gone listens to nothing"
    assert listens(0, 8080, tmp_path) is None


async def test_an_instance_without_egress_serves_and_reaches_nothing() -> None:
    async with driver(DockerApplication(python_image(), egress="NONE")) as made:
        backend = await made.launch(SPEC)
        await ready(backend)
        network = next(iter(inspected(backend)["NetworkSettings"]["Networks"]))
        options = json.loads(docker("network", "inspect", network))[0]["Options"]
        assert options["com.docker.network.bridge.enable_ip_masquerade"] == "false"
        assert options["com.docker.network.bridge.enable_icc"] == "false"
    assert network not in docker("network", "ls", "--format", "{{.Name}}")


async def test_an_instance_joins_the_named_network_of_the_engine() -> None:
    engine_or_skip()
    name = f"apprunner-test-vpc-{os.getpid()}"
    docker("network", "create", name)
    try:
        async with driver(DockerApplication(python_image(), egress=name)) as made:
            backend = await made.launch(SPEC)
            await ready(backend)
            assert list(inspected(backend)["NetworkSettings"]["Networks"]) == [name]
        assert name in docker("network", "ls", "--format", "{{.Name}}"), "it is not ours to remove"
    finally:
        docker("network", "rm", name)
    async with driver(DockerApplication(python_image(), egress="no-such-network")) as made:
        with pytest.raises(LaunchError, match="egress = 'no-such-network', must be DEFAULT, NONE or a network"):
            await made.launch(SPEC)


async def test_containers_of_an_ended_simulator_are_removed_and_no_others() -> None:
    engine_or_skip()
    dead, elsewhere = dead_owner(), dead_owner(1)
    create = ["create", "--label"]
    made = {name: docker(*create, f"{OWNER}={name}", python_image(), "true").strip() for name in (dead, elsewhere, "x")}
    volume = docker("volume", "create", "--label", f"{OWNER}={dead}").strip()
    network = docker("network", "create", "--label", f"{OWNER}={dead}", f"apprunner-test-left-{os.getpid()}").strip()
    engine = Engine()
    try:
        async with driver() as alive:
            backend = await alive.launch(SPEC)  # the first launch removes leftovers
            left = docker("ps", "-aq", "--no-trunc").split()
            assert made[dead] not in left
            assert {made[elsewhere], made["x"], backend.container} <= set(left)
            assert network not in docker("network", "ls", "-q", "--no-trunc")
            assert volume not in docker("volume", "ls", "-q")
            assert {*made.values(), network, backend.container}.isdisjoint(await sweep_orphans(engine))
            assert not backend.exited.done()
    finally:
        await engine.close()
        docker("rm", made[elsewhere], made["x"])


class CutLine:
    """A socket in front of the engine's socket, whose connections can be cut, as a restart of the engine does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tasks = Tasks("cut line")
        self._server: asyncio.Server | None = None
        self._links: list[asyncio.StreamWriter] = []

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._accept, self.path)

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        self.path.unlink(missing_ok=True)
        for link in self._links:
            link.transport.abort()
        self._links.clear()

    async def close(self) -> None:
        await self.cut()
        await self._tasks.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(DEFAULT_HOST.removeprefix("unix://"))
        self._links += [writer, back]
        for source, sink in ((reader, back), (there, writer)):
            self._tasks.spawn(self._carry(source, sink), "carry")

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
            if sink.can_write_eof():
                sink.write_eof()


async def test_when_the_engine_stops_its_instances_are_lost_and_launches_wait_for_it(tmp_path: Path) -> None:
    image = python_image()
    line = CutLine(tmp_path / "engine.sock")
    await line.open()
    settings = DockerSettings(host=f"unix://{line.path}")
    tasks = Tasks("test")
    try:
        async with driver(DockerApplication(image), settings) as made:
            first = await made.launch(SPEC)
            await ready(first)
            await line.cut()
            async with asyncio.timeout(30):
                status = await asyncio.shield(first.exited)
            assert status.code == 137
            again = tasks.spawn(made.launch(SPEC), "launch")
            await asyncio.wait((again,), timeout=0.3)
            assert not again.done(), "it waits for the engine"
            await line.open()
            async with asyncio.timeout(30):
                second = await again
                await asyncio.shield(first.left)
            await ready(second)
            assert left_behind().split()[0] == second.container[:12]
            assert len(left_behind().splitlines()) == 1
    finally:
        await line.close()
        await tasks.close()


async def test_a_missing_engine_is_a_clear_error_in_a_bounded_time(tmp_path: Path) -> None:
    settings = DockerSettings(host=f"unix://{tmp_path}/none.sock", engine_patience_s=0.2)
    async with driver(DockerApplication("app"), settings) as made:
        with pytest.raises(LaunchError, match=r"no container engine answers at unix://.*/none\.sock within 0\.2 s"):
            await made.launch(SPEC)


@pytest.mark.slow
async def test_where_the_engine_has_quotas_a_write_that_exceeds_the_storage_fails() -> None:
    fill = (
        "with open('/tmp/much', 'wb', buffering=0) as file:\n"
        "    try:\n"
        "        for number in range(200): file.write(b'x' * 1_000_000)\n"
        "    except OSError as error: print(number, error.strerror)\n"
    )
    told: list[str] = []
    with second_engine(quotas=True) as engine:
        image = python_image(engine.url)
        size = int(engine.given("image", "inspect", "--format", "{{.Size}}", image))
        settings = DockerSettings(host=engine.url, storage_bytes=size + 50_000_000)
        application = DockerApplication(image, ("python", "-c", fill))
        made = DockerDriver(application, HttpService, lambda *line: told.append(line[3]), settings)
        try:
            backend = await made.launch(SPEC)
            async with asyncio.timeout(60):
                await asyncio.shield(backend.left)
            assert "ephemeral storage: quota" in made.limits_in_force
        finally:
            await made.close()
    (line,) = told
    written, _, why = line.partition(" ")
    assert why == "Disk quota exceeded"
    assert 20 < int(written) < 80, "MB, of the 50 that the image leaves"


@pytest.mark.alone
@pytest.mark.slow
async def test_a_quarter_of_a_vcpu_does_a_quarter_of_the_work() -> None:
    application = DockerApplication(python_image(), ("python", "-c", RACE))

    async def lines_of(size: InstanceSize) -> list[str]:
        return await lines_until_its_end(application, InstanceSpec("web", 1, size))

    await assert_a_quarter(lines_of)
