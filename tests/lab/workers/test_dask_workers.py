"""A Dask cluster of processes, as its commands start them: dead workers, other versions, files of the user."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

import simulator
from simulator.cli import app
from simulator.lab.workers.code_version import code_version, python_version
from simulator.lab.workers.dask_workers import DaskWorkers
from simulator.lab.workers.worker_pool import NoWorkers, WorkerDied
from tests.scenario.scenario_texts import scenario_text

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # warnings of distributed while workers and schedulers end
]
ROOT = Path(simulator.__file__).parents[1]
GUARD_S = 60

distributed = pytest.importorskip("distributed")


class Cluster:
    """A scheduler in this process, and workers in processes of their own."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address, self._folder = address, folder
        self.workers: list[subprocess.Popen[bytes]] = []

    def add(self, *, nanny: bool = True, path: Path = ROOT, folder: str = "worker") -> subprocess.Popen[bytes]:
        """Start a worker with a folder of its own; `path`: where it finds the simulator."""
        here = self._folder / f"{folder}{len(self.workers)}"
        here.mkdir()
        options = ["--nthreads", "2", "--no-dashboard", *([] if nanny else ["--no-nanny"])]
        command = [sys.executable, "-m", "distributed.cli.dask_worker", self.address, *options]
        found = f"PYTHONPATH={path}{os.pathsep}{ROOT}"
        self.workers.append(
            subprocess.Popen(
                ["env", found, *command, "--local-directory", str(here)],
                cwd=here,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        return self.workers[-1]

    def wait_for(self, count: int) -> None:
        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=GUARD_S)

    def stop(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                children = psutil.Process(worker.pid).children(recursive=True)
                for process in [*children, worker]:
                    process.kill()
            worker.wait(GUARD_S)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with distributed.LocalCluster(n_workers=0, dashboard_address=None, host="127.0.0.1") as scheduler:
        opened = Cluster(scheduler.scheduler_address, tmp_path)
        try:
            yield opened
        finally:
            opened.stop()


def process_and(shared: int, unit: int) -> tuple[int, int]:
    return os.getpid(), shared * unit


def waits(mark: Path, unit: int) -> int:
    """Unit 0 ends when its worker has been killed once."""
    if unit == 0 and not mark.exists():
        mark.write_text(str(os.getpid()))
        threading.Event().wait(GUARD_S)
    return unit


def dies(_: None, unit: int) -> int:
    if unit == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if unit == 4:
        raise ValueError("four")
    return unit


def test_a_killed_worker_costs_its_units_only(cluster: Cluster, tmp_path: Path) -> None:
    for _ in range(2):
        cluster.add()
    cluster.wait_for(2)
    mark, played = tmp_path / "mark", []
    with DaskWorkers(cluster.address) as pool:
        assert pool.workers == 2
        for unit, future in pool.results(waits, mark, range(24)):
            played.append(future.result())
            if len(played) == 12 and unit:
                os.kill(int(mark.read_text()), signal.SIGKILL)
    assert sorted(played) == list(range(24))


def test_a_unit_that_kills_its_workers_fails_and_the_others_do_not(cluster: Cluster) -> None:
    for _ in range(2):
        cluster.add()
    cluster.wait_for(2)
    with DaskWorkers(cluster.address) as pool:
        futures = dict(pool.results(dies, None, range(12)))
    errors = {unit: future.exception() for unit, future in futures.items() if future.exception() is not None}
    assert set(errors) == {3, 4}
    assert isinstance(errors[3], WorkerDied)
    assert str(errors[3]) == "its worker process died 4 times"
    assert repr(errors[4]) == "ValueError('four')"


def test_the_end_of_all_workers_is_an_error(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.lab.workers.dask_workers.NO_WORKERS_S", 3.0)
    cluster.add(nanny=False)
    cluster.wait_for(1)
    with DaskWorkers(cluster.address) as pool, pytest.raises(NoWorkers, match="must have workers: it has had none"):
        list(pool.results(dies, None, [3]))


def _other_version(folder: Path) -> None:
    """Copy the simulator and change a line of its source."""
    subprocess.run(["cp", "-r", str(ROOT / "simulator"), str(folder)], check=True)
    path = folder / "simulator" / "model" / "extras.py"
    path.write_text(path.read_text() + "# another version\n")


def _no_simulator(folder: Path) -> None:
    (folder / "simulator.py").write_text("raise ModuleNotFoundError(\"No module named 'simulator'\")\n")


@pytest.mark.parametrize(
    ("make", "found"), [(_other_version, f"simulator {simulator.__version__}+"), (_no_simulator, "no simulator")]
)
def test_a_worker_of_another_version_is_an_error_that_names_both(
    cluster: Cluster, tmp_path: Path, make: Callable[[Path], None], found: str
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    make(other)
    cluster.add(path=other)
    cluster.wait_for(1)
    with pytest.raises(NoWorkers) as raised:
        DaskWorkers(cluster.address)
    head, _, tail = str(raised.value).partition(", must have ")
    assert head.startswith("worker tcp://127.0.0.1:")
    assert f"has {found}" in head
    assert tail == f"simulator {code_version()} with Python {python_version()}, as this command has"
    assert code_version() not in head


def test_a_worker_that_joins_later_with_another_version_is_an_error(cluster: Cluster, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    _other_version(other)
    with DaskWorkers(cluster.address) as pool:
        cluster.add(path=other)
        cluster.wait_for(1)
        with pytest.raises(NoWorkers, match=r"worker tcp://.* has simulator .*, must have simulator"):
            list(pool.results(process_and, 2, range(3)))


POLICY = """
from beside import COUNT

class Mine:
    tick_s = 5.0

    def decide(self, observation):
        return COUNT
"""


COMMANDS = {
    "compare": "compare small.yaml --policy configured --policy mine.py:Mine --seeds 2 --no-oracle --json out.json",
    "sweep": "sweep small.yaml --vary min_size=1,2 --seeds 2 --out out.csv",
}


@pytest.mark.parametrize("verb", COMMANDS)
def test_recordings_and_policies_reach_workers_that_do_not_have_them(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    (here / "trace.csv").write_text("time\n" + "".join(f"{second / 4}\n" for second in range(40)))
    (here / "beside.py").write_text("COUNT = 3\n")
    (here / "mine.py").write_text(POLICY)
    (here / "small.yaml").write_text(
        scenario_text(duration="20s", traffic="{trace: {file: trace.csv, format: seconds}}")
    )
    command = COMMANDS[verb].split()
    for _ in range(2):
        cluster.add()
    cluster.wait_for(2)
    out = here / command[-1]
    serial = CliRunner().invoke(app, [*command, "--workers", "1"])
    assert serial.exit_code == 0, serial.output
    alone = out.read_bytes()
    out.unlink()
    spread = CliRunner().invoke(app, [*command, "--scheduler", cluster.address])
    assert spread.exit_code == 0, spread.output
    assert out.read_bytes() == alone
    assert spread.stdout == serial.stdout
    copies = {path.name for path in tmp_path.glob("worker*/**/simulator-*/**/*") if path.is_file()}
    assert copies >= ({"trace.csv", "mine.py", "beside.py"} if verb == "compare" else {"trace.csv"})
