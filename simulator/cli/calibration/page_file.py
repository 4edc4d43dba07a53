"""Writes the page of a calibration, and returns its summary for the terminal."""

from __future__ import annotations

from typing import TextIO

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.page.curves import RUNS, load_curve
from simulator.calibration.page.html import calibration_page
from simulator.calibration.page.next_measurement import next_measurement
from simulator.calibration.page.summary import summary_lines
from simulator.calibration.page.unloaded_times import played_times
from simulator.cli.terminal import Terminal
from simulator.console.batch_progress import BatchProgress


def write_page(stream: TextIO, model: CalibratedModel, seed: int, *, quiet: bool) -> list[str]:
    """Play the curves of the model, write its page to `stream`, and return the lines of the summary.

    Raises:
        MissingLibrary: if a library of the extra `lab` is not installed.
        ScenarioError, BrokenRun: if the model cannot be played.
    """
    with BatchProgress(Terminal(stderr=True, quiet=quiet), "curves of the page", RUNS) as progress:
        curve = load_curve(model, seed, progress.advance)
        following = next_measurement(model, curve, seed, progress.advance)
        alone = played_times(model, seed)
    stream.write(calibration_page(model, curve, following, alone))
    return list(summary_lines(model, curve, following))
