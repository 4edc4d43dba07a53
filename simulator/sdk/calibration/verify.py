"""Verifications in Python."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from simulator.calibration.observing.observed_service import MAX_CONCURRENCY
from simulator.calibration.prediction.settings import PredictedService
from simulator.calibration.prediction.tables import interval_text
from simulator.calibration.verification.bounds import BOUNDS_DEFAULT, VERIFIED, parse_bounds
from simulator.calibration.verification.output import junit_xml, verification_json, verification_rows
from simulator.calibration.verification.tables import error_text, headline, verification_lines
from simulator.calibration.verification.verification import Verification
from simulator.calibration.verification.verify import DURATION_S, WARM_UP_S, LoadPlayed, routes_of, with_mix
from simulator.calibration.verification.verify import verify as verified
from simulator.model.text.problems import one_of
from simulator.model.text.quantities import quantity_text, rate_text
from simulator.records.journal import Journal
from simulator.sdk.calibration.rates import rates_of, seconds_of
from simulator.sdk.calibration.service_model import ServiceModel, model_of
from simulator.sdk.calibration.target import launchable, live_settings, observed_service
from simulator.sdk.frames import Library, frame_of_rows
from simulator.sdk.progress import NotebookProgress, Progress
from simulator.sdk.repr_html import rows_cell
from simulator.sdk.run_in_thread import run_in_thread
from simulator.sdk.scenario import STATE


class VerificationResult:
    """A verification. `data` has the predicted and the measured figures."""

    def __init__(self, data: Verification) -> None:
        self.data = data

    @property
    def passed(self) -> bool:
        """True if all figures are within their bounds."""
        return self.data.passed

    @property
    def notes(self) -> list[str]:
        """Notes to read before the figures: what makes the comparison uncertain."""
        return list(self.data.warnings)

    def frame(self, library: Library = "pandas") -> Any:
        """Return a row for each figure of each rate: predicted with its interval, measured, error and verdict."""
        rows = verification_rows(self.data)
        return frame_of_rows(rows, list(rows[0]), library)

    def json(self) -> str:
        """Return what `simulator verify --json` writes."""
        return verification_json(self.data)

    def junit(self) -> str:
        """Return what `simulator verify --junit` writes."""
        return junit_xml(self.data)

    def __str__(self) -> str:
        return "\n".join(verification_lines(self.data))

    def __repr__(self) -> str:
        return f"<Verification of {self.data.model}: {'passed' if self.passed else 'failed'}>"

    def _repr_html_(self) -> str:
        rows = []
        for load in self.data.loads:
            for figure in load.figures:
                unit = VERIFIED[figure.name].unit
                told = figure.passed
                rows.append(
                    [
                        rate_text(load.rate_rps),
                        figure.name,
                        interval_text(figure.predicted, unit),
                        quantity_text(figure.measured, unit),
                        error_text(figure),
                        "" if told is None else "pass" if told else "<b>failed</b>",
                    ]
                )
        table = rows_cell(["rate", "figure", "predicted", "measured", "error", ""], rows)
        notes = "".join(f"<p>{html.escape(text)}</p>" for text in self.notes)
        return f"<div><h4>{html.escape(headline(self.data))}</h4>{table}{notes}</div>"


def verify(
    model: ServiceModel | str | Path,
    target: str | Path,
    rates: Any,
    *,
    routes: Sequence[str] = (),
    bound: str = BOUNDS_DEFAULT,
    repeats: int = 1,
    instances: int = 1,
    max_concurrency: int = MAX_CONCURRENCY,
    duration: Any = DURATION_S,
    warm_up: Any = WARM_UP_S,
    service: str = "",
    clock: Literal["real", "virtual"] = "real",
    seed: int = 1,
    state: str | Path = STATE,
    progress: Progress = None,
) -> VerificationResult:
    """Play `rates` against the real service, and compare the figures with what the model predicts.

    `target` is a folder, an image, a command line, a scenario file or a URL, as for `observe`; `routes` default to
    those of the model.
    `bound` such as `p50 5 %, p95 inside`. `clock="virtual"`: the simulated application of a scenario file.

    Raises:
        ScenarioError, ValueError: for a model, target, rate or bound that cannot be used.
        BrokenRun: if the service cannot be launched, or a run failed.
    """
    if clock not in {"real", "virtual"}:
        msg = f"clock = {clock!r}, must be {one_of(clock, ('real', 'virtual'))}"
        raise ValueError(msg)
    calibrated, wanted, bounds = model_of(model), rates_of(rates), parse_bounds(bound)
    observed = observed_service(target, routes, size=calibrated.size, service=service, default=routes_of(calibrated))
    with_mix(calibrated, observed)  # before anything is built
    settings = PredictedService(
        instances,
        max_concurrency=max_concurrency,
        duration_s=seconds_of(duration),
        warm_up_s=seconds_of(warm_up),
        seed=seed,
    )
    if clock == "real":
        observed = launchable(target, observed, state)
    live, journal = live_settings(state) if clock == "real" else None, Journal()
    with NotebookProgress(progress, "verify", len(wanted) * repeats, rate_text(wanted[0])) as shown:
        journal.subscribe(LoadPlayed, lambda played: shown.advance(rate_text(played.rate_rps)))
        return VerificationResult(
            run_in_thread(
                lambda: verified(
                    calibrated, observed, settings, wanted, bounds, repeats=repeats, live=live, journal=journal
                ),
                shown.stop,
            )
        )
