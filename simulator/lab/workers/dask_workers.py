"""The worker pool of a Dask cluster.

The shared value is a task of its own on which the units depend, so that the cluster copies it to each worker that
needs it, and computes it again if all workers that had it have died. Few units per worker are in progress, so that
memory does not grow with their number. Dask plays the units of a worker that died again, on other workers. It gives up
units that were in progress at several deaths; since one of them was the cause and the others were not, these are played
again after all others, one at a time.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import queue
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from itertools import islice
from pathlib import Path
from typing import Any, Final

from simulator.lab.workers.dask_unit import UnequalVersion, done, version_problem, worker_version
from simulator.lab.workers.shipment import Shipment, opened_answer, pack
from simulator.lab.workers.worker_pool import PER_WORKER, EndsItself, NoWorkers, Result, Shared, Unit, WorkerDied
from simulator.world.clock import wall_s

CONNECT_S: Final = 10.0
LOOK_S: Final = 1.0  # how often the cluster is examined while no unit ends
LOSSES_MAX: Final = 100  # results that were lost with the workers that had them
NO_WORKERS_S: Final = 60.0  # a worker that is restarted, or a machine that is replaced, takes less
_LOST: Final = frozenset({"cancelled", "lost"})


class DaskWorkers(EndsItself):
    """Implements WorkerPool with a Dask cluster."""

    def __init__(self, scheduler: str) -> None:
        """Connect to the scheduler at an address such as `tcp://host:port`, and compare versions with its workers.

        Workers that join later are compared when they get a unit.

        Raises:
            ImportError: if dask.distributed is not installed.
            OSError: if no scheduler answers there.
            NoWorkers: if a worker has another version.
        """
        # an extra; a pool of this machine does not need it
        self._distributed: Any = importlib.import_module("distributed")
        self._client: Any = self._distributed.Client(scheduler, set_as_default=False, timeout=CONNECT_S)
        self._scheduler = scheduler
        self._version = worker_version()
        try:
            self._compare_versions()
        except BaseException:
            self._client.close()
            raise

    def _compare_versions(self) -> None:
        for address, found in sorted(self._client.run(worker_version, on_error="return").items()):
            if isinstance(found, Exception):
                found_text = "no simulator" if _lacks_the_simulator(found) else f"a failure ({found})"
                msg = f"worker {address} has {found_text}, must have {self._version}, as this command has"
                raise NoWorkers(msg)
            if problem := version_problem(address, found, self._version):
                raise NoWorkers(problem)

    @property
    def workers(self) -> int:
        return max(1, self._present)

    @property
    def _present(self) -> int:
        return len(self._client.scheduler_info(n_workers=-1)["workers"])

    def results(
        self,
        work: Callable[[Shared, Unit], Result],
        shared: Shared,
        units: Iterable[Unit],
        files: Sequence[Path] = (),
    ) -> Iterator[tuple[Unit, Future[Result]]]:
        """Yield as the port says.

        Raises:
            NoWorkers: if the cluster has had no worker for a minute, the scheduler has gone, or a worker has another
                version.
            OSError: if a file cannot be read.
        """
        shipment = Shipment.of(shared, files)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph")  # once for each cluster, and files may be large
            content = self._client.submit(Shipment, *dataclasses.astuple(shipment), pure=False)
        waiting = iter(units)
        alone: deque[Unit] = deque()
        under_way: dict[str, tuple[Unit, Any]] = {}
        ended: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def submit(unit: Unit) -> None:
            future = self._client.submit(done, self._version, work, content, pack(unit, shipment.names), pure=False)
            under_way[future.key] = unit, future
            future.add_done_callback(ended.put)

        are_alone = False
        losses = 0
        while True:
            for unit in islice(waiting, max(0, PER_WORKER * self.workers - len(under_way))):
                submit(unit)
            if not under_way and alone:
                are_alone = True
                submit(alone.popleft())
            if not under_way:
                return
            future = self._next(ended)
            unit, _ = under_way.pop(future.key)
            answer = self._completed(future)
            if answer is None:
                losses += 1
                if self._client.status != "running" or losses > LOSSES_MAX:
                    msg = f"scheduler = {self._scheduler}, must keep running: it has lost work that was submitted to it"
                    raise NoWorkers(msg)
                submit(unit)
                continue
            if isinstance(answer.exception(), WorkerDied) and not are_alone:
                alone.append(unit)
            else:
                yield unit, answer

    def _next(self, ended: queue.SimpleQueue[Any]) -> Any:
        """Return the next future that is done."""
        last_worker_s = wall_s()
        while True:
            try:
                return ended.get(timeout=LOOK_S)
            except queue.Empty:
                if self._client.status != "running":
                    msg = f"scheduler = {self._scheduler}, must keep running: the connection to it was lost"
                    raise NoWorkers(msg) from None
                now_s = wall_s()
                if self._present:
                    last_worker_s = now_s
                if now_s - last_worker_s > NO_WORKERS_S:
                    msg = (
                        f"scheduler = {self._scheduler}, must have workers: it has had none for {NO_WORKERS_S:g} s; "
                        f"`dask worker {self._scheduler}` starts one"
                    )
                    raise NoWorkers(msg) from None

    def _completed(self, future: Any) -> Future[Any] | None:
        """Return the result of a future of the cluster as one of `concurrent.futures`; None if the result is lost: the
        worker that had it died before it was fetched.
        """
        answer: Future[Any] = Future()
        try:
            if future.status in _LOST:
                return None
            error = future.exception()
            content = future.result() if error is None else b""
        except (asyncio.CancelledError, CancelledError):
            return None
        if error is None:
            result, error = opened_answer(content)
            if error is None:
                answer.set_result(result)
            else:
                answer.set_exception(error)
        elif isinstance(error, UnequalVersion):
            raise NoWorkers(str(error))
        elif _lacks_the_simulator(error):
            msg = f"a worker of {self._scheduler} has no simulator, must have {self._version}, as this command has"
            raise NoWorkers(msg)
        elif isinstance(error, self._distributed.KilledWorker):
            answer.set_exception(WorkerDied(f"its worker process died {error.allowed_failures + 1} times"))
        else:
            answer.set_exception(error)
        return answer

    def close(self) -> None:
        self._client.close()

    def abandon(self) -> None:
        """Disconnect: the cluster drops what has not begun, and ends the units in progress without a receiver."""
        self._client.close()


def _lacks_the_simulator(error: BaseException) -> bool:
    """Return True if a worker could not import the simulator, or has one without this pool."""
    return "No module named 'simulator" in str(error)
