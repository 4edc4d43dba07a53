"""The reports of the last runs of the process that plays, so that a question about a run does not play it again."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from simulator.lab.compare.backends import kind_of
from simulator.replay.progress import ProgressView
from simulator.replay.runner import play
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.scenario.scenario import ScenarioSpec
from simulator.sdk.scenario import Scenario
from simulator.world.clock import wall_s

KEPT_MAX: Final = 8
_EVERY_S: Final = 0.5  # progress of a run


class RunProgress:
    """A watcher of a run that reports its progress, in seconds of the run."""

    def __init__(self, tell: Callable[[float, float | None, str], None], name: str) -> None:
        self._tell = tell
        self._name = name
        self._next_s = wall_s() + _EVERY_S

    def due(self) -> bool:
        return wall_s() >= self._next_s

    def update(self, view: ProgressView) -> None:
        self._next_s = wall_s() + _EVERY_S
        done_s = min(view.now_s, view.duration_s)
        self._tell(done_s, view.duration_s, f"{self._name}: {done_s:,.0f} of {view.duration_s:,.0f} s played")


class ReportCache:
    """Plays scenarios in virtual time and keeps the last reports."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Report] = OrderedDict()

    def report(
        self, scenario: Scenario, checked: ScenarioSpec, tell: Callable[[float, float | None, str], None]
    ) -> Report:
        """Return the report of `checked`, which is `scenario` with another seed or policy.

        Raises:
            ScenarioError: if the scenario cannot be played in virtual time.
            BrokenRun: if the run failed.
        """
        key = _key(scenario, checked)
        if key not in self._kept:
            kind = kind_of("auto", checked)
            run = kind.prepare(checked)
            run.watcher = RunProgress(tell, checked.name)
            self._kept[key] = build_report(play(run, signals=False))
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def _key(scenario: Scenario, checked: ScenarioSpec) -> str:
    """Return a digest of everything on which the report depends; a data file is its size and its time of change."""
    files = [
        (str(path), (status := path.stat()).st_size, status.st_mtime_ns) for path in checked.files if path.exists()
    ]
    policies = {name: service.policy.name for name, service in checked.services.items()}
    given = [scenario.document.data, str(scenario.folder), checked.seed, policies, files]
    return hashlib.sha256(json.dumps(given, default=str).encode()).hexdigest()
