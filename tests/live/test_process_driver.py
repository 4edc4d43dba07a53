"""The process driver with real processes, on both event loops. Applications are a few lines of Python each."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.fleet.exchange import PooledExchange
from simulator.fleet.http.backend import HttpService
from simulator.fleet.ports import LaunchError
from simulator.fleet.process.driver import ProcessDriver
from simulator.fleet.process.environment import ProcessApplication
from simulator.fleet.process.settings import ProcessSettings
from simulator.model.health import HealthCheck, HealthProtocol
from simulator.model.times import LoopTime
from simulator.world.tasks import Tasks
from tests.live.process_bench import (
    DEAF,
    LISTEN,
    SLEEP,
    SPEC,
    Log,
    Service,
    assert_nothing_is_left,
    bench,
    guards_of_ours,
    processes_of,
    root_of,
    until,
)
from tests.loops import both_loops


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    assert_nothing_is_left(tmp_path)


@both_loops
async def test_an_application_that_listens_passes_its_probe(tmp_path: Path) -> None:
    async with bench(LISTEN, tmp_path) as b:
        backend = await b.up("listening")
        assert await backend.probe(HealthCheck()) is None


@both_loops
async def test_the_real_request_side_probes_a_real_application(tmp_path: Path) -> None:
    log = Log()
    code = """
import http.server, os
address = os.environ["HOST"], int(os.environ["PORT"])
http.server.ThreadingHTTPServer(address, http.server.SimpleHTTPRequestHandler).serve_forever()
"""
    command = ("python", "-u", "-c", code)
    driver = ProcessDriver(ProcessApplication(command), HttpService, log, ProcessSettings(scratch=tmp_path))
    try:
        backend = await driver.launch(SPEC)
        check = HealthCheck(HealthProtocol.HTTP)
        async with asyncio.timeout(30):
            while await backend.probe(check) is not None:  # noqa: ASYNC110 the probe is the condition
                await asyncio.sleep(0.01)
        backend.kill()
        await backend.exited
        assert await backend.probe(check) is not None
    finally:
        await driver.close()


@both_loops
async def test_the_environment_is_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SIMULATOR", "x")
    code = "import json, os; print(json.dumps(dict(os.environ)), flush=True)"
    async with bench(code, tmp_path, environment={"MINE": "1"}) as b:
        backend = await b.driver.launch(SPEC)
        await backend.exited
        await backend.stop(0)
        told = json.loads(b.log.lines[0][3])
        assert told["PORT"] == str(b.services[0].port)
        assert (told["HOST"], told["MINE"], told["FROM_SPEC"]) == ("127.0.0.1", "1", "yes")
        assert told["TMPDIR"].startswith(str(tmp_path))
        assert "SECRET_OF_THE_SIMULATOR" not in told


@both_loops
async def test_an_instance_inherits_no_open_file_of_the_simulator(tmp_path: Path) -> None:
    ours = os.memfd_create("ours")
    os.set_inheritable(ours, True)  # as if a shell had left it open for the simulator
    # uvloop leaves second handles of the child's own standard files open, so the files count and not the handles.
    code = """
import os
def target(fd):
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except FileNotFoundError:  # the listing's own handle
        return target(0)
print({target(fd) for fd in os.listdir("/proc/self/fd")} - {target(fd) for fd in (0, 1, 2)})
"""
    async with bench(code, tmp_path) as b:
        backend = await b.driver.launch(SPEC)
        await backend.exited
        await backend.stop(0)
        assert b.log.lines[0][3] == "set()"
    os.close(ours)


@both_loops
async def test_lines_come_with_service_number_and_stream(tmp_path: Path) -> None:
    async with bench("import sys; print('out'); print('err', file=sys.stderr)", tmp_path) as b:
        backend = await b.driver.launch(SPEC)
        await backend.exited
        await backend.stop(0)
        assert sorted(b.log.lines) == [("web", 7, "stderr", "err"), ("web", 7, "stdout", "out")]


@both_loops
async def test_standard_output_can_be_opened_by_name(tmp_path: Path) -> None:
    async with bench("open('/dev/stdout', 'w').write('by name\\n')", tmp_path) as b:
        backend = await b.driver.launch(SPEC)
        assert (await backend.exited).code == 0
        await backend.stop(0)
        assert b.log.lines[0][3] == "by name"


@both_loops
async def test_an_exit_is_reported_with_its_code(tmp_path: Path) -> None:
    async with bench("raise SystemExit(3)", tmp_path) as b:
        status = await (await b.driver.launch(SPEC)).exited
        assert (status.code, status.detail) == (3, "Container exit code: 3")


@both_loops
async def test_kill_ends_it_by_a_signal(tmp_path: Path) -> None:
    async with bench(SLEEP, tmp_path) as b:
        backend = await b.up()
        backend.kill()
        status = await backend.exited
        assert (status.code, status.detail) == (137, "ended by SIGKILL")


@both_loops
async def test_an_application_ends_by_sigterm(tmp_path: Path) -> None:
    async with bench(SLEEP, tmp_path) as b:
        backend = await b.up()
        await backend.stop(grace_s=5)
        assert (await backend.exited).code == 143


@both_loops
async def test_an_application_that_ignores_sigterm_is_killed_after_the_grace_period(tmp_path: Path) -> None:
    async with bench(DEAF, tmp_path) as b:
        backend = await b.up()
        loop = asyncio.get_running_loop()
        before_s = loop.time()
        await backend.stop(grace_s=0.2)
        assert (await backend.exited).code == 137
        # Never before the grace period is over; 2 ms for the rounding of times by event loops.
        assert loop.time() - before_s >= 0.198


@both_loops
async def test_stop_is_idempotent_and_closes_the_request_side(tmp_path: Path) -> None:
    async with bench(SLEEP, tmp_path) as b:
        backend = await b.up()
        await backend.stop(1)
        await backend.stop(1)
        assert b.services[0].calls == ["close"]


@pytest.mark.parametrize("detached", [False, True], ids=["in the group", "in a session of its own"])
@both_loops
async def test_child_processes_of_the_application_end_with_it(tmp_path: Path, detached: bool) -> None:
    code = f"""
import subprocess, sys
sleep = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"]
child = subprocess.Popen(sleep, start_new_session={detached})
print(child.pid, flush=True); print("up", flush=True)
raise SystemExit(1)
"""
    async with bench(code, tmp_path) as b:
        backend = await b.up()
        await backend.stop(0)
        assert b.words[0].isdigit()
        assert processes_of(tmp_path) == []


@both_loops
async def test_each_instance_has_its_own_copy_of_the_working_directory(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "counter").write_text("0")
    code = "n = int(open('counter').read()) + 1; open('counter', 'w').write(str(n)); print(n)"
    async with bench(code, tmp_path, working_directory=source) as b:
        for _ in range(2):
            backend = await b.driver.launch(SPEC)
            await backend.exited
            await backend.stop(0)
        assert [line[3] for line in b.log.lines] == ["1", "1"]
    assert (source / "counter").read_text() == "0"


@both_loops
async def test_the_folder_of_an_instance_goes_with_it(tmp_path: Path) -> None:
    async with bench(SLEEP, tmp_path) as b:
        backend = await b.up()
        root = root_of(tmp_path)
        assert len(list(root.iterdir())) == 1
        await backend.stop(1)
        assert list(root.iterdir()) == []


@both_loops
async def test_two_instances_have_two_ports_at_the_same_time(tmp_path: Path) -> None:
    async with bench(LISTEN, tmp_path) as b:
        first, second = await b.driver.launch(SPEC), await b.driver.launch(SPEC)
        await until(lambda: sum(line[3] == "listening" for line in b.log.lines) == 2)
        assert await first.probe(HealthCheck()) is None
        assert await second.probe(HealthCheck()) is None
        assert b.services[0].port != b.services[1].port


@both_loops
async def test_close_ends_everything_that_runs(tmp_path: Path) -> None:
    async with bench(DEAF, tmp_path) as b:
        backends = [await b.driver.launch(SPEC) for _ in range(3)]
        await b.driver.close()
        assert all(backend.exited.done() for backend in backends)
        with pytest.raises(LaunchError, match="closed"):
            await b.driver.launch(SPEC)


@both_loops
async def test_a_program_that_is_not_found_is_a_launch_error_that_leaves_nothing(tmp_path: Path) -> None:
    driver = ProcessDriver(ProcessApplication(("no-such-program",)), Service, Log(), ProcessSettings(scratch=tmp_path))
    with pytest.raises(LaunchError, match="no-such-program"):
        await driver.launch(SPEC)
    root = root_of(tmp_path)
    assert list(root.iterdir()) == []
    assert driver._ports._held == {}
    await driver.close()


@both_loops
async def test_a_file_that_is_no_program_is_a_launch_error(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "serve").write_text("no program")
    (source / "serve").chmod(0o755)
    driver = ProcessDriver(
        ProcessApplication(("./serve",), working_directory=source), Service, Log(), ProcessSettings(scratch=tmp_path)
    )
    with pytest.raises(LaunchError, match="exec format error"):
        await driver.launch(SPEC)
    await driver.close()


@both_loops
async def test_a_launch_cancelled_at_any_await_leaves_nothing(tmp_path: Path) -> None:
    async with bench(SLEEP, tmp_path) as b:
        await (await b.up()).stop(0)  # the guard and the folder exist from here on
        root = root_of(tmp_path)
        outcomes = set()
        for delay_s in (0, 0.0002, 0.0005, 0.001, 0.002, 0.005):
            launching = asyncio.get_running_loop().create_task(b.driver.launch(SPEC))
            await asyncio.sleep(delay_s)  # not a wait for a condition: the test is about the time of the cancellation
            launching.cancel()
            try:
                backend = await launching
            except asyncio.CancelledError:
                outcomes.add("cancelled")
            else:
                await backend.stop(0)
            assert list(root.iterdir()) == []
            assert b.driver._ports._held == {}
        assert "cancelled" in outcomes


@both_loops
async def test_requests_go_to_the_request_side(tmp_path: Path) -> None:
    async with bench(SLEEP, tmp_path) as b:
        backend = await b.up()
        exchange = PooledExchange(LoopTime(0.0))
        backend.begin(exchange)
        backend.abort(exchange)
        assert b.services[0].calls == ["begin", "abort"]


@both_loops
async def test_launches_at_the_same_time_share_one_guard(tmp_path: Path) -> None:
    async with bench(SLEEP, tmp_path) as b:
        async with Tasks("test") as tasks:
            launches = [tasks.spawn(b.driver.launch(SPEC), f"launch {number}") for number in range(3)]
            for launch in launches:
                await launch
        assert len(guards_of_ours()) == 1


@both_loops
async def test_a_killed_guard_is_started_again(tmp_path: Path) -> None:
    async with bench(SLEEP, tmp_path) as b:
        await b.up()
        guard = b.driver._guard
        assert guard is not None
        (child,) = guards_of_ours()
        child.kill()
        await until(lambda: not guard.is_running)
        await b.driver.launch(SPEC)
        assert guard.is_running


def test_the_process_leads_a_session_of_its_own(tmp_path: Path) -> None:
    async def main() -> tuple[int, int, int]:
        async with bench(SLEEP, tmp_path) as b:
            pid = (await b.up()).pid
            return pid, os.getsid(pid), os.getpgid(pid)

    pid, session, group = asyncio.run(main())
    assert pid == session == group
