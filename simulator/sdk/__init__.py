"""The Python API, for notebooks and scripts: `from simulator import Scenario, compare`.

It runs what the command line runs, and returns results as data frames. It works while an event loop is running, as in a
notebook: each run has its own loop in a thread (run_in_thread.py). The same seed gives the same bytes as on the command
line.
"""

from __future__ import annotations

from simulator.lab.extras import MissingLibrary
from simulator.replay.runner import BrokenRun
from simulator.scenario.problems import ScenarioError
from simulator.sdk.calibration.calibrate import NotCalibrated, calibrate
from simulator.sdk.calibration.observe import ObservationResult, UnusableService, observe
from simulator.sdk.calibration.predict import PredictionResult, predict
from simulator.sdk.calibration.service_model import ServiceModel
from simulator.sdk.calibration.verify import VerificationResult, verify
from simulator.sdk.calibration.verify_metrics import MetricsVerificationResult, verify_metrics
from simulator.sdk.comparison import ComparisonResult, compare
from simulator.sdk.progress import BatchStep
from simulator.sdk.result import Page, Result
from simulator.sdk.scenario import Scenario
from simulator.sdk.sweep import SweepResult
from simulator.sdk.tuning import TuningResult

PUBLIC_MODULES = ("calibration.predict", "comparison", "progress", "scenario", "tuning")

__all__ = [
    "BatchStep",
    "BrokenRun",
    "ComparisonResult",
    "MetricsVerificationResult",
    "MissingLibrary",
    "NotCalibrated",
    "ObservationResult",
    "Page",
    "PredictionResult",
    "Result",
    "Scenario",
    "ScenarioError",
    "ServiceModel",
    "SweepResult",
    "TuningResult",
    "UnusableService",
    "VerificationResult",
    "calibrate",
    "compare",
    "observe",
    "predict",
    "verify",
    "verify_metrics",
]
