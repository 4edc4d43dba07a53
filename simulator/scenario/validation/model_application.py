"""Applications from model files: `application: {model: shop.model.json}` has the simulated application of that file.

The file is that of `simulator calibrate` (calibration/model). This module reads only its `application`, which consists
of keys of this section, so that a scenario is validated with the model in it as if it were written there.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping
from typing import Any, Final

from simulator.scenario.document import Document, Path, shown
from simulator.scenario.files.named_file import named_file
from simulator.scenario.problems import Problem

_BYTES_MAX: Final = 64 * 1024**2
_EXPECTED: Final = "a model file of `simulator calibrate`, relative to the scenario file"


def with_model_applications(document: Document, folder: pathlib.Path) -> tuple[dict[str, Any], list[Problem]]:
    """Return the data of a scenario with the applications of its model files, and a problem for each unusable file."""
    data, problems = dict(document.data), []
    if isinstance(services := data.get("services"), dict):
        data["services"] = {}
        for name, service in services.items():
            place: Path = ("services", str(name), "application")
            data["services"][name], problem = _with_model(document, place, service, folder)
            problems += problem
    if isinstance(timeline := data.get("timeline"), list):
        data["timeline"] = []
        for index, event in enumerate(timeline):
            deploy = event.get("deploy") if isinstance(event, dict) else None
            made, problem = _with_model(document, ("timeline", index, "deploy", "application"), deploy, folder)
            data["timeline"].append(event if deploy is None else {**event, "deploy": made})
            problems += problem
    return data, problems


def _with_model(document: Document, place: Path, section: Any, folder: pathlib.Path) -> tuple[Any, list[Problem]]:
    """Return the section that contains `application` with the keys of its model."""
    application = section.get("application") if isinstance(section, dict) else None
    if not isinstance(application, dict) or "model" not in application:
        return section, []
    path: Path = (*place, "model")
    if not isinstance(application["model"], str):
        return section, [document.problem(path, _EXPECTED)]
    try:
        model = _application_in(named_file(folder, application["model"], "model"))
    except ValueError as error:
        return section, [document.problem(path, f"{_EXPECTED}: {error}")]
    own = {key: {} if application.get(key) is None else application[key] for key in model}
    # what is no mapping is left for the section to report
    merged = {key: {**model[key], **own[key]} if isinstance(own[key], dict) else own[key] for key in model}
    return {**section, "application": {**application, **merged}}, []


def _application_in(file: pathlib.Path) -> dict[str, Mapping[str, Any]]:
    """Return `simulated` and `downstream` of the model. Raises ValueError if the file is no model."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(_BYTES_MAX + 1)
    except OSError as error:
        raise ValueError(error.strerror or type(error).__name__) from error
    if len(raw) > _BYTES_MAX:
        msg = f"it has more than {_BYTES_MAX} bytes"
        raise ValueError(msg)
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        msg = f"it is not JSON: {error}"
        raise ValueError(msg) from error
    application = data.get("application") if isinstance(data, dict) else None
    if not isinstance(application, dict) or not isinstance(application.get("simulated"), dict):
        msg = f"its application is {shown(application)}, without a simulated one"
        raise ValueError(msg)  # noqa: TRY004 as the other problems of the file
    return {key: application[key] for key in ("simulated", "downstream") if isinstance(application.get(key), dict)}
