"""Problems of a scenario, or of the data files that it names."""

from __future__ import annotations

from simulator.model.text.problems import FileProblems as ScenarioError
from simulator.model.text.problems import Problem, did_you_mean, nearest, one_of

__all__ = ["Problem", "ScenarioError", "did_you_mean", "nearest", "one_of"]
