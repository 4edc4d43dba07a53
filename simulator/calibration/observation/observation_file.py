"""The file of an observation, `NAME.observation.zip`: a zip archive of one JSON document and CSV tables.

`observation.json` has what is no table; `requests.csv` has one row a request, `samples.csv` one a second, `starts.csv`
one a start-up, `wakes.csv` one a wake. `unloaded.csv` has one row a request that was sent alone; an observation without
such requests has no such table. An observation always gives the same bytes, so their hash identifies it.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.calibration.observation.csv_table import csv_text, read_columns
from simulator.calibration.observation.document import ObservationHeader, header_text, problem_of, read_header
from simulator.calibration.observation.observation import (
    LoadStage,
    ObservationKind,
    ServiceObservation,
    StartTimes,
)
from simulator.calibration.observation.tables import (
    COUNT,
    SECONDS,
    SECONDS_OR_UNKNOWN,
    Column,
    ColumnRule,
    ColumnTable,
    InstanceSamples,
    ObservedRequests,
    UnloadedRequests,
)
from simulator.model.text.problems import FileProblems, Problem, nearest
from simulator.world.replacement_files import ReplacementFile

SUFFIX: Final = ".observation.zip"
DOCUMENT: Final = "observation.json"
REQUESTS: Final = "requests.csv"
SAMPLES: Final = "samples.csv"
STARTS: Final = "starts.csv"
WAKES: Final = "wakes.csv"
UNLOADED: Final = "unloaded.csv"
_ALWAYS: Final = (DOCUMENT, REQUESTS, SAMPLES, STARTS, WAKES)
MEMBERS: Final = (*_ALWAYS, UNLOADED)
# The uncompressed content of a file: ten million requests have about 600 MB.
BYTES_MAX: Final = 1 << 30

_DATE: Final = (1980, 1, 1, 0, 0, 0)  # the first that a zip archive can have
_STAGE: Final = {"stage": COUNT}
_WAKE_RULES: Final = {"wake_s": SECONDS}
_START_RULES: Final[dict[str, ColumnRule]] = {
    each.name: SECONDS if each.name == "total_s" else SECONDS_OR_UNKNOWN for each in fields(StartTimes)
}


def write_observation(observation: ServiceObservation, path: Path) -> None:
    """Write the file, replacing an existing one when it is complete.

    Raises:
        OSError: if the file cannot be written.
    """
    texts = {
        DOCUMENT: header_text(observation),
        REQUESTS: csv_text(_by_stage(observation, ObservedRequests, [stage.requests for stage in observation.loads])),
        SAMPLES: csv_text(_by_stage(observation, InstanceSamples, [stage.samples for stage in observation.loads])),
        STARTS: csv_text({name: _of_starts(observation.starts, name) for name in _START_RULES}),
        WAKES: csv_text({"wake_s": np.array(observation.wakes, dtype=np.float64)}),
    }
    if observation.unloaded is not None:
        texts[UNLOADED] = csv_text(observation.unloaded.columns())
    with ReplacementFile(path) as file:
        with zipfile.ZipFile(file.path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in texts.items():
                member = zipfile.ZipInfo(name, _DATE)
                member.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(member, text)
        file.put_in_place()


def read_observation(path: Path) -> ServiceObservation:
    """Read a file.

    Raises:
        FileProblems: if its content is not that of an observation; the message names the place.
        OtherVersion: if it has another version of the format.
        OSError: if it cannot be read.
    """
    texts = _texts(path)
    header, document = read_header(texts[DOCUMENT], f"{path.name}: {DOCUMENT}")
    requests = read_columns(texts[REQUESTS], f"{path.name}: {REQUESTS}", {**_STAGE, **ObservedRequests.RULES})
    samples = read_columns(texts[SAMPLES], f"{path.name}: {SAMPLES}", {**_STAGE, **InstanceSamples.RULES})
    starts = read_columns(texts[STARTS], f"{path.name}: {STARTS}", _START_RULES)
    wakes = read_columns(texts[WAKES], f"{path.name}: {WAKES}", _WAKE_RULES)
    unloaded = None
    if UNLOADED in texts:
        unloaded = read_columns(texts[UNLOADED], f"{path.name}: {UNLOADED}", UnloadedRequests.RULES)
        _require_known(unloaded, "route", range(len(header.routes)), f"{path.name}: {UNLOADED}")
    numbers = [stage.number for stage in header.loads]
    _require_known(requests, "stage", numbers, f"{path.name}: {REQUESTS}")
    _require_known(samples, "stage", numbers, f"{path.name}: {SAMPLES}")
    _require_known(requests, "route", range(len(header.routes)), f"{path.name}: {REQUESTS}")
    try:
        made = _observation(header, requests, samples, starts, wakes["wake_s"])
        return made if unloaded is None else replace(made, unloaded=UnloadedRequests(**unloaded))  # type: ignore[arg-type]
    except ValueError as error:
        raise FileProblems([problem_of(error, (), document)]) from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file, in hexadecimal digits.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _by_stage(
    observation: ServiceObservation, kind: type[ColumnTable], tables: Sequence[ColumnTable]
) -> dict[str, NDArray[Any]]:
    """Return the tables of all stages as one, with the number of the stage as its first column."""
    parts = [table.columns() for table in tables] or [kind.of().columns()]
    numbers = [np.full(len(table), stage.number) for stage, table in zip(observation.loads, tables, strict=True)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in kind.RULES}
    return {"stage": np.concatenate(numbers or [np.zeros(0, dtype=np.int64)]), **joined}


def _of_starts(starts: Sequence[StartTimes], name: str) -> Column:
    return np.array([getattr(start, name) for start in starts], dtype=np.float64)


def _texts(path: Path) -> dict[str, str]:
    """Return the text of each member."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            for name in names:
                if name not in MEMBERS or names.count(name) > 1:
                    raise _wrong(path, f"a member {name}", f"{', '.join(MEMBERS)}, each once", nearest(name, MEMBERS))
            if missing := [name for name in _ALWAYS if name not in names]:
                raise _wrong(path, f"an archive without {missing[0]}", f"an observation, with {', '.join(_ALWAYS)}")
            size = sum(member.file_size for member in members)
            if size > BYTES_MAX:
                raise _wrong(path, f"{size} bytes of content", f"at most {BYTES_MAX} bytes")
            return {name: archive.read(name).decode("utf-8") for name in names}
    except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError, RuntimeError, EOFError) as error:
        raise _wrong(path, f"not readable ({error})", "a zip archive that `simulator observe` wrote") from error
    except zlib.error as error:
        raise _wrong(path, f"damaged ({error})", "a zip archive that `simulator observe` wrote") from error


def _wrong(path: Path, found: str, expected: str, near: str = "") -> FileProblems:
    return FileProblems([Problem(1, 1, "", found, expected, near, path.name)])


def _require_known(columns: dict[str, Column], name: str, known: Sequence[int], file: str) -> None:
    """Check that the numbers of a column are among `known`."""
    wrong = np.flatnonzero(~np.isin(columns[name], list(known)))
    if len(wrong):
        first = int(wrong[0])
        choices = ", ".join(map(str, known)) or "none, because there is none"
        raise FileProblems([Problem(first + 2, 1, name, f"{columns[name][first]:g}", f"one of {choices}", file=file)])


def _observation(
    header: ObservationHeader,
    requests: dict[str, Column],
    samples: dict[str, Column],
    starts: dict[str, Column],
    wakes: Column,
) -> ServiceObservation:
    loads = tuple(
        LoadStage(
            number=stage.number,
            rate_rps=stage.rate_rps,
            duration_s=stage.duration_s,
            warm_up_s=stage.warm_up_s,
            requests=ObservedRequests(**_of_stage(requests, stage.number)),  # type: ignore[arg-type]
            samples=InstanceSamples(**_of_stage(samples, stage.number)),
            cpu_s=stage.cpu_s,
            throttled_s=stage.throttled_s,
            memory_peak_bytes=stage.memory_peak_bytes,
            others_share=stage.others_share,
            ended_by=stage.ended_by,
        )
        for stage in header.loads
    )
    return ServiceObservation(
        kind=ObservationKind(header.kind),
        target=header.target,
        routes=tuple(header.routes),
        loads=loads,
        size=header.size,
        max_concurrency=header.max_concurrency,
        starts=tuple(StartTimes(*map(float, row)) for row in zip(*starts.values(), strict=True)),
        wakes=tuple(wakes.tolist()),
        memory_at_rest_bytes=header.memory_at_rest_bytes,
        machine=header.machine,
        limits=header.limits,
        is_virtual=header.is_virtual,
        made_at=header.made_at,
        seed=header.seed,
        notes=tuple(header.notes),
        simulator_version=header.simulator_version,
    )


def _of_stage(columns: dict[str, Column], number: int) -> dict[str, Column]:
    chosen = columns["stage"] == number
    return {name: values[chosen] for name, values in columns.items() if name != "stage"}
