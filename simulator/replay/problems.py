"""What is wrong with a scenario, or with data that it names."""

from __future__ import annotations

from simulator.model.problems import FileProblems as ScenarioError
from simulator.model.problems import Problem, nearest

__all__ = ["Problem", "ScenarioError", "nearest"]
