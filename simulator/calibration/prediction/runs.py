"""Plays a draw of a prediction, and reads its figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from simulator.calibration.prediction.usage_meter import UsageMeter
from simulator.lab.backend_names import AUTO
from simulator.lab.compare.backends import BackendKind, kind_of
from simulator.replay.runner import play
from simulator.report.checks import CheckResult
from simulator.report.report import RunRecord, judged
from simulator.scenario.check_expression import CheckExpression
from simulator.scenario.scenario import ScenarioSpec


class RunFigures(NamedTuple):
    """The figures of a run after its warm-up. None: there was nothing to measure.

    Latencies are those of served requests, as a client measures them. `cpu` is a share of the vCPUs, `in_flight` the
    mean number of requests in progress in an instance. `objectives` are the results of the checks of the SLO.
    """

    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    error_rate: float
    cpu: float | None
    in_flight: float | None
    served_rps: float
    rejected_rate: float
    objectives: tuple[CheckResult, ...] = ()

    @property
    def meets(self) -> bool:
        """True if all objectives are met."""
        return all(result.passed for result in self.objectives)


def play_figures(
    scenario: ScenarioSpec, service: str, objectives: Sequence[CheckExpression], backend: BackendKind
) -> RunFigures:
    """Play the scenario in virtual time and return the figures of `service`. Raises what `play` raises."""
    run = backend.prepare(scenario)
    meter = UsageMeter(run.journal, service, scenario.warm_up_s, scenario.duration_s)
    record = play(run, signals=False)
    return figures_of(record, service, meter, objectives)


def figures_of(record: RunRecord, service: str, meter: UsageMeter, objectives: Sequence[CheckExpression]) -> RunFigures:
    """Return the figures of `service` in a run."""
    stats = record.stats_by_source.after_warm_up(record.sources_of(service))
    p50_s, p95_s, p99_s = stats.latency.quantiles((0.5, 0.95, 0.99))
    count = stats.requests
    own = [each._replace(service=service) if len(record.services) > 1 else each for each in objectives]
    return RunFigures(
        p50_s,
        p95_s,
        p99_s,
        stats.failures / count if count else 0.0,
        meter.utilization,
        meter.in_flight,
        stats.served / record.span_s if record.span_s else 0.0,
        stats.rejected / count if count else 0.0,
        tuple(judged(record, own)),
    )


def backend_for(scenario: ScenarioSpec, runs: int) -> BackendKind:
    """Return the fastest backend for this number of runs of the scenario."""
    return kind_of(AUTO, scenario, runs)
