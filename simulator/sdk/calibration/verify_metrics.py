"""Verifications of a model with recorded metrics in Python."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulator.calibration.from_metrics.day_band import DRAWS
from simulator.calibration.prediction.settings import parse_size
from simulator.calibration.recordings import RecordedService, recorded_minutes_of, verified_service
from simulator.calibration.verification.metrics_check import (
    INSIDE_DEFAULT,
    MetricsVerification,
    metrics_data,
    metrics_json,
    metrics_junit,
    metrics_lines,
    metrics_rows,
)
from simulator.calibration.verification.metrics_check import verify_metrics as verified
from simulator.model.text.quantities import ratio_text
from simulator.model.text.units import parse_share
from simulator.sdk.calibration.service_model import ServiceModel, model_of
from simulator.sdk.frames import Library, frame_of_rows
from simulator.sdk.progress import NotebookProgress, Progress
from simulator.sdk.repr_html import rows_cell
from simulator.sdk.run_in_thread import run_in_thread

Files = str | Path | Sequence[str | Path]


class MetricsVerificationResult:
    """A verification with metrics. `data` has the bands of the minutes."""

    def __init__(self, data: MetricsVerification) -> None:
        self.data = data

    @property
    def passed(self) -> bool:
        """True if enough minutes of each figure are within the band."""
        return self.data.passed

    @property
    def shares(self) -> dict[str, float]:
        """The share of the minutes that are within the band, by figure; without figures that the metrics lack."""
        figures = metrics_data(self.data)["figures"]
        return {name: row["inside"] for name, row in figures.items() if row["inside"] is not None}

    def frame(self, library: Library = "pandas") -> Any:
        """Return a row for each minute and figure: the band, the measured value, and whether it is inside."""
        rows = metrics_rows(self.data)
        return frame_of_rows(rows, ["time", "figure", "low", "high", "measured", "inside"], library)

    def json(self) -> str:
        """Return what `simulator verify --metrics --json` writes."""
        return metrics_json(self.data)

    def junit(self) -> str:
        """Return what `simulator verify --metrics --junit` writes."""
        return metrics_junit(self.data)

    def __str__(self) -> str:
        return "\n".join(metrics_lines(self.data))

    def __repr__(self) -> str:
        return f"<Verification of {self.data.model} with metrics: {'passed' if self.passed else 'failed'}>"

    def _repr_html_(self) -> str:
        first = next(iter(metrics_lines(self.data)))
        rows = [
            [name, str(row["minutes"]), ratio_text(row["inside"]), "pass" if row["passed"] else "<b>failed</b>"]
            for name, row in metrics_data(self.data)["figures"].items()
            if row["inside"] is not None
        ]
        notes = "".join(f"<p>{html.escape(text)}</p>" for text in self.data.warnings)
        return f"<div><h4>{html.escape(first)}</h4>{rows_cell(['figure', 'minutes', 'inside', ''], rows)}{notes}</div>"


def verify_metrics(
    model: ServiceModel | str | Path,
    metrics: Files,
    *,
    fitted: Files = (),
    inside: float | str = INSIDE_DEFAULT,
    draws: int = DRAWS,
    instances: int | None = None,
    min_size: int | None = None,
    max_size: int | None = None,
    max_concurrency: int | None = None,
    size: str | None = None,
    seed: int = 1,
    progress: Progress = None,
) -> MetricsVerificationResult:
    """Compare CloudWatch's metrics of the service with the model, without a live load.

    `metrics`: files as for `simulator calibrate`; files with the settings of the service may be among them. `fitted`:
    the metrics that the model was calibrated from; the bands are widened by what these need. `inside`: the share of the
    minutes of each figure that must be within the band of the models that the data allow. `draws`: models that play the
    minutes.

    Raises:
        ScenarioError, ValueError: for a model, file or setting that cannot be used.
        BrokenRun: if a run failed.
    """
    calibrated, files = model_of(model), _paths(metrics)
    recorded = RecordedService(instances, min_size, max_size, max_concurrency)
    service = verified_service(calibrated, files, recorded, None if size is None else parse_size(size))
    minutes = recorded_minutes_of(files)
    before = recorded_minutes_of(_paths(fitted)) if _paths(fitted) else None
    share = parse_share(inside) if isinstance(inside, str) else inside
    with NotebookProgress(progress, "verify", draws * (1 if before is None else 2), calibrated.name) as shown:
        made = run_in_thread(
            lambda: verified(
                calibrated,
                minutes,
                service,
                fitted=before,
                inside=share,
                draws=draws,
                seed=seed,
                tell=lambda *_: shown.advance(calibrated.name),
            ),
            shown.stop,
        )
    return MetricsVerificationResult(made)


def _paths(files: Files) -> list[Path]:
    return [Path(files)] if isinstance(files, str | Path) else [Path(each) for each in files]
