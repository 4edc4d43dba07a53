"""What an instance and a build can read and reach, as root and as an ordinary user; and what they still find."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from simulator.fleet.ports import InstanceSpec
from simulator.fleet.process.confinement.isolation import Way, find_namespaces
from simulator.fleet.process.settings import ProcessSettings
from simulator.model.health import HealthCheck
from simulator.model.sizes import InstanceSize
from tests.live.other_user import skip_unless_executable
from tests.live.process_bench import LISTEN, SLEEP, assert_nothing_is_left, bench, has_groups, is_alive, processes_of
from tests.loops import both_loops

ROOT = Path(__file__).parents[2]
UNPRIVILEGED = "nobody"
# Applications that share the machine's network reach its listeners, as SECURITY.md says.
REACHABLE = {"connect to the API on loopback"}

needs_namespaces = pytest.mark.skipif(find_namespaces().way is Way.FOLDER, reason=find_namespaces().why)


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    assert_nothing_is_left(tmp_path)


@pytest.mark.case("R8")
@needs_namespaces
@pytest.mark.parametrize("user", ["", UNPRIVILEGED], ids=["own user", "unprivileged"])
def test_neither_instances_nor_builds_read_or_reach_foreign_files_and_processes(user: str) -> None:
    if user and os.geteuid() != 0:
        pytest.skip("only root may become somebody else")
    if user:
        skip_unless_executable(user, sys.executable)
    done = subprocess.run(
        [sys.executable, "-m", "tests.live.reaching", "--json", *(("--user", user) if user else ())],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if user and "namespaces cannot be used" in done.stdout:
        pytest.skip("this machine lets ordinary users make no namespaces")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    for who in ("instance", "build"):
        assert {what for what, could in told[who].items() if could} == REACHABLE, who
        assert len(told[who]) == 15


@pytest.mark.case("R8")
@needs_namespaces
@both_loops
async def test_an_isolated_instance_works_as_an_ordinary_process(tmp_path: Path) -> None:
    code = f"""
import json, multiprocessing, os, tempfile
print(json.dumps([os.getcwd(), os.geteuid(), os.getpid(), tempfile.gettempdir(), sorted(os.environ)]))
tempfile.TemporaryFile(dir="/tmp").close()
multiprocessing.Lock()  # takes shared memory
open("/dev/null", "w").close(); os.urandom(1); os.openpty()
{LISTEN}"""
    async with bench(code, tmp_path) as b:
        backend = await b.up("listening")
        assert await backend.probe(HealthCheck()) is None
        where, user, number, temporary, names = json.loads(b.words[0])
        assert where.startswith(str(tmp_path))
        assert (user, number) == (os.geteuid(), 2)
        assert temporary.startswith(str(tmp_path))
        assert set(names) <= {
            *("PATH", "HOME", "LANG", "TMPDIR", "HOST", "PORT", "FROM_SPEC", "LC_CTYPE"),
            "AWSAPPRUNNER_SIMULATOR_INSTANCE",
        }


@pytest.mark.case("R8")
@both_loops
async def test_the_isolation_in_force_is_reported(tmp_path: Path) -> None:
    async with bench(SLEEP, tmp_path) as b:
        await b.up()
        namespaces = find_namespaces()
        assert b.driver.limits_in_force.endswith(str(namespaces))
    async with bench(SLEEP, tmp_path, ProcessSettings(namespaces=False)) as b:
        await b.up()
        assert b.driver.limits_in_force.endswith(
            "isolation: none, instances can read what you can read and signal what you can signal "
            "(namespaces cannot be used: they are switched off)"
        )


@needs_namespaces
@pytest.mark.parametrize(("number", "name"), [(11, "SIGSEGV"), (15, "SIGTERM"), (9, "SIGKILL")])
async def test_an_exit_by_signal_is_reported_and_adds_nothing_to_the_output(
    tmp_path: Path, number: int, name: str
) -> None:
    async with bench(f"import os; print('up', flush=True); os.kill(os.getpid(), {number})", tmp_path) as b:
        status = await (await b.up()).exited
        assert (status.code, status.detail) == (128 + number, f"ended by {name}")
    assert b.words == ["up"]


@pytest.mark.case("P38")
@needs_namespaces
async def test_files_named_by_command_and_variables_in_hidden_folders_are_mounted(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as elsewhere:
        place = Path(elsewhere)
        venv.create(place / "env", symlinks=True)
        (place / "data").mkdir()
        (place / "data" / "mine").write_text("mine")
        (place / "unnamed").write_text("theirs")
        (place / "scripts").mkdir()
        (place / "scripts" / "beside.py").write_text("print('beside')")
        script = place / "scripts" / "main.py"
        script.write_text(
            "import beside, os, sys\n"
            "print(open(os.environ['DATA'] + '/mine').read(), sys.prefix)\n"
            f"print(os.path.exists({str(place / 'unnamed')!r}), flush=True)\n"
        )
        command = (str(place / "env" / "bin" / "python"), str(script))
        async with bench("", tmp_path, environment={"DATA": str(place / "data")}, command=command) as b:
            backend = await b.driver.launch(InstanceSpec("web", 1, InstanceSize()))
            assert (await backend.exited).code == 0, b.words
            await backend.stop(0)
        assert b.words == ["beside", f"mine {place / 'env'}", "False"]


@pytest.mark.case("P38")
@needs_namespaces
async def test_a_program_in_a_hidden_folder_fails_with_that_reason(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as elsewhere:
        script = Path(elsewhere) / "run"
        script.write_text("#!/bin/sh\necho up\n")
        script.chmod(0o755)
        code = f"import os; os.execv('/bin/sh', ['sh', '-c', 'exec {script}'])"
        async with bench(code, tmp_path) as b:
            backend = await b.driver.launch(InstanceSpec("web", 1, InstanceSize()))
            assert (await backend.exited).code == 127
            await backend.stop(0)
        assert "not found" in b.words[0]
        assert "/tmp and other temporary folders are the instance's own" in b.driver.limits_in_force


@pytest.mark.case("R8")
@pytest.mark.skipif(not has_groups(), reason="this process may not make control groups")
async def test_a_fork_bomb_in_an_instance_stays_within_its_bound_and_ends_with_it(tmp_path: Path) -> None:
    code = """
import os, time
made = 0
try:
    while True:
        if os.fork() == 0:
            try:
                while True:
                    os.fork()
            except OSError:
                time.sleep(60)
except OSError as error:
    print("up", flush=True)
    time.sleep(60)
"""
    async with bench(code, tmp_path, ProcessSettings(processes=60)) as b:
        bomb = await b.up()
        assert len(processes_of(tmp_path)) <= 60
        async with bench(LISTEN, tmp_path) as other:  # the machine has room for other processes
            beside = await other.up("listening")
            assert await beside.probe(HealthCheck()) is None
        await bomb.stop(0)
        assert processes_of(tmp_path) == []


@needs_namespaces
async def test_a_process_that_left_the_session_ends_with_its_instance_without_control_groups(
    tmp_path: Path,
) -> None:
    code = """
import subprocess, sys, time
sleep = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"]
for _ in range(3):
    subprocess.Popen(sleep, start_new_session=True, env={})
print("up", flush=True)
time.sleep(60)
"""
    async with bench(code, tmp_path, ProcessSettings(control_groups=False)) as b:
        backend = await b.up()
        inside = [child.pid for child in psutil.Process(backend.pid).children(recursive=True)]
        assert len(inside) == 2 + 3
        backend.kill()
        await backend.stop(0)
        assert not any(map(is_alive, inside))
