"""Plays one point of a sweep in any worker: takes plain values, returns a flat row, never raises."""

from __future__ import annotations

from simulator.lab.backend_names import AUTO
from simulator.lab.compare.backends import backend_of
from simulator.lab.figures import Figure, figures
from simulator.lab.sweep.grid import GridPoint
from simulator.replay.runner import BrokenRun
from simulator.report.report import build_report
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioText

Row = dict[str, Figure]


def play_point(source: ScenarioText, point: GridPoint, backend: str = AUTO, runs: int = 1) -> Row:
    """Return the figures of a point, or its `error`, so that a faulty point does not stop the others.

    `runs`: the number of points of the sweep.
    """
    try:
        scenario = source.scenario(dict(point.changes)).played_to_the_end().with_seed(point.seed)
        return figures(build_report(backend_of(backend, runs)(scenario)))
    except (ScenarioError, ValueError, BrokenRun) as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001 any error becomes the point's result: the sweep reports it and continues
        return {"error": f"{type(error).__name__}: {error}"}
