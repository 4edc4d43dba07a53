"""The Python API, for notebooks and scripts: `from simulator import Scenario, compare`.

Thin: it plays what the command line plays and hands results over as data frames. A loop that runs
already, as in a notebook, is no hindrance: a run has its own in a thread (thread.py), and the same seed gives the same
bytes there as everywhere.
"""

from __future__ import annotations

from simulator.lab.extras import MissingLibrary
from simulator.notebook.comparison import ComparisonResult, compare
from simulator.notebook.progress import BatchStep
from simulator.notebook.result import Page, Result
from simulator.notebook.scenario import Scenario
from simulator.notebook.sweep import SweepResult
from simulator.replay.problems import ScenarioError
from simulator.replay.runner import BrokenRun

__all__ = [
    "BatchStep",
    "BrokenRun",
    "ComparisonResult",
    "MissingLibrary",
    "Page",
    "Result",
    "Scenario",
    "ScenarioError",
    "SweepResult",
    "compare",
]
