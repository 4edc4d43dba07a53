"""What runs in a worker of a Dask cluster: it opens a shipment once, and plays one unit at a time."""

from __future__ import annotations

import importlib
import pickle
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from simulator.lab.workers.code_version import code_version, python_version
from simulator.lab.workers.shipment import Copies, Shipment

OPENED_MAX: Final = 4  # shared values that a worker keeps: a search alternates between few

# A worker of Dask has several threads by default, but a run uses state of its process: the import path of a user's
# policy, the current event loop. Python would not play two runs of a process at the same time in any case.
_one_at_a_time: Final = threading.Lock()
_opened: Final[OrderedDict[str, tuple[Copies, Any]]] = OrderedDict()


class WorkerVersion(NamedTuple):
    """The versions that must be equal: of the simulator's code, whose results are combined, and of Python."""

    simulator: str
    python: str

    def __str__(self) -> str:
        return f"simulator {self.simulator} with Python {self.python}"


class UnequalVersion(Exception):
    """A worker has another version than the command. The message names both."""


def worker_version() -> WorkerVersion:
    """Return the versions of this process."""
    return WorkerVersion(code_version(), python_version())


def version_problem(worker: str, found: WorkerVersion, expected: WorkerVersion) -> str:
    """Return the error of a worker with another version; empty if it has the expected one."""
    return "" if found == expected else f"worker {worker} has {found}, must have {expected}, as this command has"


def done(expected: WorkerVersion, work: Callable[[Any, Any], Any], shipment: Shipment, unit: bytes) -> bytes:
    """Play a unit and return its result, or its error, as `Copies.answer`.

    Raises:
        UnequalVersion: if this worker has other versions.
    """
    worker = importlib.import_module("distributed").get_worker()
    if problem := version_problem(worker.address, worker_version(), expected):
        raise UnequalVersion(problem)
    with _one_at_a_time:
        copies, shared = _open(shipment, Path(worker.local_directory))
        try:
            return copies.answer((work(shared, copies.opened(unit)), None))
        except Exception as error:  # noqa: BLE001 the sender gets it
            try:
                answer = copies.answer((None, error))
                pickle.loads(answer)  # noqa: S301 made here; some exceptions cannot be made again
            except Exception:  # noqa: BLE001 whatever its own methods raise
                answer = copies.answer((None, RuntimeError(f"{type(error).__name__}: {error}")))
            return answer


def _open(shipment: Shipment, folder: Path) -> tuple[Copies, Any]:
    """Return the copies and the shared value of a shipment. Dask removes `folder` when the worker has ended."""
    if shipment.key not in _opened:
        copies = shipment.written(Path(tempfile.mkdtemp(prefix="simulator-", dir=folder)))
        _opened[shipment.key] = copies, copies.opened(shipment.value)
        while len(_opened) > OPENED_MAX:
            _opened.popitem(last=False)
    _opened.move_to_end(shipment.key)
    return _opened[shipment.key]
