"""A calibrated model in Python."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any, Self

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.model.model_file import model_json, read_model, write_model
from simulator.calibration.model.scenario_text import parameter_text, scenario_text
from simulator.calibration.page.charts import fit_chart
from simulator.calibration.page.html import played_page
from simulator.lab.extras import MissingLibrary
from simulator.sdk.frames import Library, frame_of_rows
from simulator.sdk.repr_html import rows_cell

_PARAMETER: tuple[str, ...] = ("name", "value", "low", "high", "unit", "how", "sentence")
_FIGURE: tuple[str, ...] = ("stage", "rate_rps", "utilization", "route", "figure", "measured", "modelled", "residual")


class ServiceModel:
    """A model of a service. `data` is the complete content of the model file."""

    def __init__(self, data: CalibratedModel, name: str = "") -> None:
        self.data = data
        self._file_name = name or f"{data.name}.model.json"

    @classmethod
    def read(cls, file: str | Path) -> Self:
        """Read a model file. Raises ScenarioError with every problem of the file."""
        path = Path(file)
        return cls(read_model(path), path.name)

    def write(self, file: str | Path) -> None:
        """Write the model to a file, which `simulator predict` reads."""
        write_model(self.data, Path(file))

    @property
    def unknown(self) -> list[str]:
        """Sentences: what the observation cannot tell."""
        return list(self.data.unknown)

    @property
    def warnings(self) -> list[str]:
        """Sentences: what makes the model less certain than its intervals say."""
        return list(self.data.warnings)

    def parameters(self, library: Library = "pandas") -> Any:
        """Return a row for each parameter: its value and the ends of its 95 % interval (`low`, `high`)."""
        rows = [{name: getattr(each, name) for name in _PARAMETER} for each in self.data.parameters]
        return frame_of_rows(rows, _PARAMETER, library)

    def fit(self, library: Library = "pandas") -> Any:
        """Return a row for each compared figure of each load stage: measured, modelled, and the difference in standard
        errors (`residual`). `route` is empty for all requests together.
        """
        rows = [
            {
                "stage": stage.stage,
                "rate_rps": stage.rate_rps,
                "utilization": stage.utilization,
                "route": stage.route,
                "figure": figure.name,
                "measured": figure.measured,
                "modelled": figure.modelled,
                "residual": figure.residual,
            }
            for stage in self.data.fit.stages
            for figure in stage.figures
        ]
        return frame_of_rows(rows, _FIGURE, library)

    def scenario_text(self) -> str:
        """Return the text of a scenario file with the model; `Scenario.from_text` reads it."""
        return scenario_text(self.data, self._file_name)

    def json(self) -> str:
        """Return the content of the model file."""
        return model_json(self.data)

    def page(self, seed: int = 1) -> str:
        """Return the page that `simulator calibrate` writes: one HTML file with the curves of the model over load, its
        parameters and what to measure next. Hundreds of runs are played for it, which takes seconds to minutes.
        """
        return played_page(self.data, seed)

    def __repr__(self) -> str:
        return f"<ServiceModel {self.data.name}: {len(self.data.parameters)} parameters>"

    def _repr_html_(self) -> str:
        rows = [[html.escape(each.name), html.escape(parameter_text(each))] for each in self.data.parameters]
        notes = [f"Unknown: {text}" for text in self.unknown] + [f"Warning: {text}" for text in self.warnings]
        told = "".join(f"<p>{html.escape(text)}</p>" for text in notes)
        table = rows_cell(["parameter", ""], rows)
        return f"<div><h4>{html.escape(self.data.name)}</h4>{self._chart()}{table}{told}</div>"

    def _chart(self) -> str:
        """Return measured and modelled figures as a chart; nothing if matplotlib is not installed."""
        try:
            return fit_chart(self.data)
        except MissingLibrary:
            return ""


def model_of(given: ServiceModel | str | Path) -> CalibratedModel:
    """Return the value of a model, or that of a model file. Raises ScenarioError for an invalid file."""
    return given.data if isinstance(given, ServiceModel) else ServiceModel.read(given).data
