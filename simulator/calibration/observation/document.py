"""The part of an observation file that is no table, `observation.json`: its fields, and how they are read."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from simulator import __version__
from simulator.calibration.observation.observation import (
    VERSION,
    LimitFacts,
    LoadStage,
    MachineFacts,
    ObservationKind,
    ObservedRoute,
    ServiceObservation,
)
from simulator.model.sizes import InstanceSize
from simulator.model.text.document import Document, Path, parse_document
from simulator.model.text.problems import FileProblems, Problem, nearest
from simulator.model.text.versions import DocumentFormat

FORMAT: Final = DocumentFormat("version", VERSION, __version__, "observe the service again")
# Type of a field -> the types that a document may have for it, and what is expected.
_PLAIN: Final[dict[Any, tuple[set[type], str]]] = {
    float: ({float, int}, "a number"),
    int: ({int}, "a whole number"),
    str: ({str}, "text"),
    bool: ({bool}, "true or false"),
}


@dataclass(frozen=True, slots=True)
class StageHeader:
    """A stage of load without its tables."""

    number: int
    rate_rps: float
    duration_s: float
    warm_up_s: float
    cpu_s: float
    throttled_s: float
    memory_peak_bytes: float
    others_share: float
    ended_by: str


@dataclass(frozen=True, slots=True)
class ObservationHeader:
    """The content of `observation.json`."""

    version: int
    simulator_version: str
    kind: str
    target: str
    made_at: str
    seed: int | None
    is_virtual: bool
    size: InstanceSize | None
    max_concurrency: int | None
    memory_at_rest_bytes: float | None
    machine: MachineFacts
    limits: LimitFacts
    routes: list[ObservedRoute]
    loads: list[StageHeader]
    notes: list[str]


def header_text(observation: ServiceObservation) -> str:
    """Return the text of `observation.json`."""
    header = ObservationHeader(
        version=VERSION,
        simulator_version=observation.simulator_version,
        kind=observation.kind.value,
        target=observation.target,
        made_at=observation.made_at,
        seed=observation.seed,
        is_virtual=observation.is_virtual,
        size=observation.size,
        max_concurrency=observation.max_concurrency,
        memory_at_rest_bytes=observation.memory_at_rest_bytes,
        machine=observation.machine,
        limits=observation.limits,
        routes=list(observation.routes),
        loads=[_stage_header(stage) for stage in observation.loads],
        notes=list(observation.notes),
    )
    return json.dumps(_without_nan(asdict(header)), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_header(text: str, file: str) -> tuple[ObservationHeader, Document]:
    """Return the content, and the document with the positions of its values.

    Raises:
        FileProblems: with all problems.
        OtherVersion: if the file has another version.
    """
    document = parse_document(text, file, such_as="version and kind")
    FORMAT.require(file, document.data.get("version"), document.data.get("simulator_version"))
    reader = _HeaderReader(document)
    header: ObservationHeader | None = reader.value(document.data, ObservationHeader, ())
    if header is None:
        raise FileProblems(reader.problems)
    kinds = [kind.value for kind in ObservationKind]
    if header.kind not in kinds:
        near = nearest(header.kind, kinds)
        raise FileProblems([document.problem(("kind",), f"one of {', '.join(kinds)}", near=near)])
    return header, document


class _HeaderReader:
    """Converts the data of a document to a dataclass by the types of its fields, and collects the problems."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[Problem] = []

    def value(self, given: Any, kind: Any, path: Path) -> Any:
        """Return the value of type `kind`; None after a problem."""
        if get_origin(kind) in {UnionType, Union}:
            inner = next(each for each in get_args(kind) if each is not NoneType)
            return None if given is None else self.value(given, inner, path)
        if given is None and kind is float:
            given = math.nan  # JSON has no NaN, the unknown number
        if is_dataclass(kind):
            return self._section(given, kind, path)
        if get_origin(kind) is list:
            return self._items(given, get_args(kind)[0], path)
        accepted, expected = _PLAIN[kind]
        if type(given) not in accepted:
            return self._problem(path, expected)
        return kind(given)

    def _items(self, given: Any, kind: Any, path: Path) -> list[Any] | None:
        if not isinstance(given, list):
            self._problem(path, "a list")
            return None
        return [self.value(each, kind, (*path, index)) for index, each in enumerate(given)]

    def _section(self, given: Any, kind: Any, path: Path) -> Any:
        if not isinstance(given, dict):
            return self._problem(path, "a mapping")
        before = len(self.problems)
        hints = get_type_hints(kind)
        names = [each.name for each in fields(kind)]
        for key in given:
            if key not in names:
                known = f"a known key: {', '.join(names)}"
                self.problems.append(self._document.problem((*path, key), known, near=nearest(key, names)))
        for name in names:
            if name not in given:
                self._problem((*path, name), "given")
        values = {name: self.value(given[name], hints[name], (*path, name)) for name in names if name in given}
        if len(self.problems) > before:
            return None
        try:
            return kind(**values)
        except ValueError as error:
            self.problems.append(problem_of(error, path, self._document))
            return None

    def _problem(self, path: Path, expected: str) -> None:
        self.problems.append(self._document.problem(path, expected))


def problem_of(error: ValueError, path: Path, document: Document) -> Problem:
    """Return the problem of a value whose error is `name = value, must be ...`, where `name` is a key below `path`."""
    name, _, rest = str(error).partition(" = ")
    found, _, expected = rest.partition(", must be ")
    return document.problem((*path, name), expected, found=found)


def _stage_header(stage: LoadStage) -> StageHeader:
    return StageHeader(**{each.name: getattr(stage, each.name) for each in fields(StageHeader)})


def _without_nan(value: Any) -> Any:
    """Replace NaN by null, because JSON has no NaN."""
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
