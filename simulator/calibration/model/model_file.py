"""Reads and writes a `.model.json` file. Errors name the line, the place, the value and what is expected."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

import yaml
from pydantic import ValidationError

from simulator.calibration.model.calibrated_model import MODEL_VERSION, CalibratedModel
from simulator.scenario.document import Document, dotted, shown
from simulator.scenario.document import Path as Place
from simulator.scenario.problems import Problem, ScenarioError
from simulator.scenario.sections.application_spec import ApplicationSpec
from simulator.scenario.validation.error_messages import explain
from simulator.world.replacement_files import ReplacementFile

SUFFIX: Final = ".model.json"
# Sixty members, each with empirical distributions of ten routes, have some two megabytes.
_BYTES_MAX: Final = 64 * 1024**2
_A_FILE: Final = "a model file, which `simulator calibrate` writes"


def write_model(model: CalibratedModel, path: Path) -> None:
    """Write the file, replacing an existing one when it is complete.

    Raises:
        OSError: if the file cannot be written.
    """
    with ReplacementFile(path) as file:
        file.path.write_text(model_json(model), encoding="utf-8")
        file.put_in_place()


def model_json(model: CalibratedModel) -> str:
    """Return the content of the file."""
    return json.dumps(model.model_dump(mode="json"), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def read_model(path: Path) -> CalibratedModel:
    """Read a model file.

    Raises:
        ScenarioError: with every problem of the file.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(_BYTES_MAX + 1)
    except OSError as error:
        _fail(path, error.strerror or type(error).__name__, "a file that can be read")
    if len(raw) > _BYTES_MAX:
        _fail(path, f"more than {_BYTES_MAX} bytes", _A_FILE)
    try:
        return parse_model(raw.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError:
        _fail(path, "not UTF-8", _A_FILE)


def parse_model(text: str, file: str = "model") -> CalibratedModel:
    """Parse the content of a model file. `file` names it in errors.

    Raises:
        ScenarioError: with every problem of the text.
    """
    data = _plain(text, file)
    if "version" not in data or "application" not in data:
        raise ScenarioError([Problem(1, 1, "", f"keys {', '.join(map(str, data)) or 'none'}"[:80], _A_FILE, file=file)])
    if data["version"] != MODEL_VERSION:
        problem = _document(text, file, data).problem(("version",), f"{MODEL_VERSION}: the only version so far")
        raise ScenarioError([problem])
    problems, model = [], None
    try:
        model = CalibratedModel.model_validate_json(text.removeprefix("\ufeff"), strict=True)
    except ValidationError as error:
        problems += explain(error, _document(text, file, data), CalibratedModel)
    for place, application in _applications(data):
        problems += _application_problems(place, application, lambda: _document(text, file, data))
    if problems or model is None:
        raise ScenarioError(problems)
    return model


def _plain(text: str, file: str) -> dict[str, Any]:
    try:
        data = json.loads(text, parse_constant=_not_finite)
    except json.JSONDecodeError as error:
        found = f"not JSON: {error.msg}"
        raise ScenarioError([Problem(error.lineno, error.colno, "", found, _A_FILE, file=file)]) from error
    except (ValueError, RecursionError) as error:
        raise ScenarioError([Problem(1, 1, "", str(error), _A_FILE, file=file)]) from error
    if not isinstance(data, dict):
        raise ScenarioError([Problem(1, 1, "", shown(data), _A_FILE, file=file)])
    return data


def _not_finite(word: str) -> NoReturn:
    msg = f"the number {word}"
    raise ValueError(msg)


def _applications(data: Mapping[str, Any]) -> Iterator[tuple[Place, Any]]:
    yield ("application",), data["application"]
    members = data.get("members")
    for index, member in enumerate(members if isinstance(members, list) else []):
        if isinstance(member, dict) and "application" in member:
            yield ("members", index, "application"), member["application"]


def _application_problems(place: Place, application: Any, document: Any) -> list[Problem]:
    """Return the problems of a section `application`, which must be a simulated one."""
    if not isinstance(application, dict):
        return []  # the model's own problem
    if "simulated" not in application:
        return [document().problem((*place, "simulated"), "given: a model is a simulated application")]
    try:
        ApplicationSpec.model_validate(application)
    except ValidationError as error:
        return [_inside(place, each) for each in explain(error, _section(document(), place), ApplicationSpec)]
    return []


def _section(document: Document, place: Place) -> Document:
    """Return the part of a document at `place` as a document."""
    data: Any = document.data
    for part in place:
        data = data[part]
    count = len(place)
    places = {path[count:]: at for path, at in document.places.items() if path[:count] == place}
    return Document(document.file, data, places)


def _inside(place: Place, problem: Problem) -> Problem:
    path = ".".join(part for part in (dotted(place), problem.path) if part)
    return problem._replace(path=path)


def _document(text: str, file: str, data: dict[str, Any]) -> Document:
    """Return the data with the position of each value. JSON is YAML, whose parser tells positions."""
    places: dict[Place, tuple[int, int]] = {}
    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:  # a few texts of JSON are not YAML; the places are then unknown
        return Document(file, data)
    if root is not None:
        _locate(root, (), places)
    return Document(file, data, places)


def _locate(node: yaml.Node, path: Place, places: dict[Place, tuple[int, int]]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, key.value)
            places[inner] = (key.start_mark.line + 1, key.start_mark.column + 1)
            _locate(value, inner, places)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            inner = (*path, index)
            places[inner] = (value.start_mark.line + 1, value.start_mark.column + 1)
            _locate(value, inner, places)


def _fail(path: Path, found: str, expected: str) -> NoReturn:
    raise ScenarioError([Problem(1, 1, "", found, expected, file=str(path))])
