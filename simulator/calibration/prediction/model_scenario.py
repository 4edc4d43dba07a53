"""The scenario of a prediction: one service with a model as its application, and requests by the mix of its routes."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.prediction.settings import PredictedService
from simulator.model.sizes import InstanceSize
from simulator.scenario.document import parse_document
from simulator.scenario.problems import did_you_mean
from simulator.scenario.scenario import ScenarioSpec, ScenarioText, read_scenario

Application = Mapping[str, Any]

_SOURCE: Final = "users"


def model_scenario(model: CalibratedModel, application: Application, service: PredictedService) -> ScenarioSpec:
    """Return the scenario of `application`, a member of the model or its best values, at 1 request/s.

    Raises:
        ScenarioError: if the settings do not fit the application, such as its memory the size.
    """
    size = service.size or model.size
    low, high = service.sizes
    data = {
        "version": 1,
        "name": model.name,
        "duration": f"{service.duration_s}s",
        "warm_up": f"{service.warm_up_s}s",
        "seed": service.seed,
        "services": {
            model.name: {
                "cpu": size.cpu_units,
                "memory": size.memory_mb,
                "min_size": low,
                "max_size": high,
                "max_concurrency": service.max_concurrency,
                "application": scaled_to(application, size),
            }
        },
        "traffic": [{"name": _SOURCE, "poisson": {"rate": "1/s"}, "requests": requests_of(model)}],
    }
    return read_scenario(json.dumps(data), file=f"the scenario of {model.name}")


def at_rate(scenario: ScenarioSpec, rate_rps: float) -> ScenarioSpec:
    """Return the same scenario at another rate. The arrivals are the same ones, closer together."""
    (source,) = scenario.traffic
    return scenario.model_copy(update={"traffic": (source.model_copy(update={"scale": rate_rps}),)})


def scaled_to(application: Application, size: InstanceSize) -> dict[str, Any]:
    """Return the application for instances of `size`.

    CPU times are those of a processor and do not depend on the size, so only the number of processors of the host,
    which a quota needs, can change.
    """
    scaled = copy.deepcopy(dict(application))
    quota = scaled["simulated"].get("cpu_quota")
    if isinstance(quota, dict) and "cores" in quota:
        quota["cores"] = max(int(quota["cores"]), math.ceil(size.vcpu))
    return scaled


def replaced_keys(
    instances: int | None = None,
    min_size: int | None = None,
    max_size: int | None = None,
    max_concurrency: int | None = None,
    size: InstanceSize | None = None,
) -> dict[str, object]:
    """Return the keys of a service in a scenario file that these settings replace; None replaces nothing.

    Raises:
        ValueError: for `instances`, a fixed number, with `min_size` or `max_size`.
    """
    if instances is not None and (min_size is not None or max_size is not None):
        msg = f"instances = {instances}, must be left out with min_size and max_size"
        raise ValueError(msg)
    keys: dict[str, object | None] = {
        "min_size": min_size or instances,
        "max_size": max_size or instances,
        "max_concurrency": max_concurrency,
        "cpu": None if size is None else size.cpu_units,
        "memory": None if size is None else size.memory_mb,
    }
    return {key: value for key, value in keys.items() if value is not None}


class ScenarioWithModel:
    """A scenario file, in which a service gets the model as its application.

    Raises:
        ScenarioError: if the file is no valid scenario.
        ValueError: if the service is not in it, or must be named.
    """

    def __init__(self, file: Path, model: CalibratedModel, service: str | None = None) -> None:
        self._text = ScenarioText.of(file)
        given = parse_document(self._text.text, str(file)).data.get("services")
        names = [str(name) for name in given] if isinstance(given, dict) else []
        self.service = _chosen(names, service or (model.name if model.name in names else None))

    def scenario(self, application: Application, overrides: Mapping[str, object]) -> ScenarioSpec:
        """Return the scenario with the application, and with the keys of the service that `overrides` has.

        Raises:
            ScenarioError: with every problem.
        """
        keys = {**overrides, "application": copy.deepcopy(dict(application))}
        return self._text.scenario({f"services.{self.service}.{key}": value for key, value in keys.items()})


def _chosen(names: list[str], given: str | None) -> str:
    if given is None and len(names) == 1:
        return names[0]
    if given is None or given not in names:
        found = "not given" if given is None else given
        msg = f"service = {found}, must be one of {', '.join(names) or 'none'}{did_you_mean(given or '', names)}"
        raise ValueError(msg)
    return given


def requests_of(model: CalibratedModel) -> list[dict[str, Any]]:
    """Return the mix of the model's routes, as `requests` of a traffic source in a scenario file."""
    return [
        {
            "method": route.method,
            "path": route.path,
            "weight": route.weight,
            "request_size": round(route.request_bytes),
            "response_size": round(route.response_bytes),
        }
        for route in model.routes
    ]
