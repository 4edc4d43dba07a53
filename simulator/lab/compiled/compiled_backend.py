"""Interface of the compiled backend: which scenarios it supports, and playing one. numba is imported on demand."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Final, TextIO, assert_never

from simulator.model.extras import missing_text
from simulator.replay.progress import SilentWatcher, Watcher
from simulator.replay.run_recorder import RowReader
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord
from simulator.scenario.rate_factor import rate_factor
from simulator.scenario.recordings.traces import bin_counts
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.deploy_spec import ApiCall, DeploySpec
from simulator.scenario.sections.service_spec import ServiceSpec
from simulator.scenario.sections.shape_spec import (
    AtOnceSpec,
    BinsSpec,
    ClosedSpec,
    CurveSpec,
    TraceSpec,
)
from simulator.scenario.sections.simulated.simulated_spec import SimulatedSpec
from simulator.scenario.sections.timeline_spec import (
    Action,
    FailHealthChecksSpec,
    KillInstanceSpec,
    MaintenanceSpec,
    RateSpec,
    RecycleSpec,
    SlowStartsSpec,
    UpdateAutoScalingSpec,
    WireFaultSpec,
    ZoneLossSpec,
)
from simulator.traffic.shapes.curves import curve_of

# Minimum number of requests: with fewer, the first run on a machine, which compiles the kernel, is slower than the
# virtual loop. Measured: 12 s of CPU against 52,000 requests/s without downstream resources, 29 s against 19,000 with.
REQUESTS_MIN: Final = 600_000
USES_MAX: Final = 60  # downstream resources of an application: a bit for each in an integer
_ROW_BYTES_MIN: Final = 20  # minimum bytes per recorded request: a time and a few other fields


def why_not(scenario: ScenarioSpec) -> str:
    """Return the reason why the compiled backend cannot play the scenario; empty if it can.

    Each unsupported feature needs the platform's own objects for its requests. Support would duplicate rules that take
    little of the time of a long run.
    """
    if importlib.util.find_spec("numba") is None:
        return missing_text("numba")
    return next(_reasons(scenario), "")


def _reasons(scenario: ScenarioSpec) -> Iterator[str]:
    if len(scenario.services) != 1:
        yield f"it has {len(scenario.services)} services, the backend plays one"
    for service in scenario.services.values():
        yield from _service_reasons(service)
    for source in scenario.traffic:
        if not source.is_open:
            yield f"its source {source.name} is closed: users wait for answers"
        if source.session:
            yield f"users of its source {source.name} have sessions"
        if source.retry is not None:
            yield f"clients of its source {source.name} retry"
    yield from _check_reasons(scenario)
    yield from filter(None, (_event_reason(event.action) for event in scenario.timeline))


def _service_reasons(service: ServiceSpec) -> Iterator[str]:
    if service.application.simulated is None:
        yield "its application is not simulated"
    else:
        yield from _application_reasons(service.application.simulated)
    if len(service.application.downstream) > USES_MAX:
        yield f"its requests call more than {USES_MAX} downstream resources"
    if "memory" in service.policy.needs:
        yield "its policy scales on memory"
    if service.load_balancer is not None:
        yield "an Application Load Balancer is in front, which routes to targets without a limit of requests"
    if service.web_acl is not None:
        yield "a web ACL is evaluated on its requests"


def _application_reasons(application: SimulatedSpec) -> Iterator[str]:
    if application.background:
        yield "its instances have background work"
    if application.failures is not None and application.failures.begin_with_requests:
        yield "its instances crash, hang or fill their storage because of requests"


def _event_reason(action: Action) -> str:
    match action:
        case DeploySpec() | ApiCall():
            return "its timeline calls the API"
        case MaintenanceSpec():
            return "its timeline has a maintenance, which locks the service at the API"
        case WireFaultSpec():
            return "its timeline injects network faults"
        case (
            KillInstanceSpec()
            | RecycleSpec()
            | SlowStartsSpec()
            | FailHealthChecksSpec()
            | UpdateAutoScalingSpec()
            | ZoneLossSpec()
            | RateSpec()
        ):
            return ""
        case _:
            assert_never(action)


def _check_reasons(scenario: ScenarioSpec) -> Iterator[str]:
    if any(check.abort_after_s is not None for check in scenario.checks):
        yield "a check may end the run"


def does_not_pay(scenario: ScenarioSpec, runs: int) -> str:
    """Return the reason why the backend would not be faster for this number of runs; empty if it would be.

    The report is the same in either backend.
    """
    expected = runs * sum(_expected_requests(scenario, index) for index in range(len(scenario.traffic)))
    if expected < REQUESTS_MIN:
        return f"about {expected:.0f} requests are played before the code is compiled"
    return ""


def _expected_requests(scenario: ScenarioSpec, index: int) -> float:
    """Estimate the number of requests of an open source; for a recording, the most that its size in bytes allows."""
    source = scenario.traffic[index]
    shape = source.shape
    match shape:
        case TraceSpec():
            return float(shape.file.stat().st_size / _ROW_BYTES_MIN * source.scale)
        case AtOnceSpec():
            return shape.requests * source.scale
        case BinsSpec():
            return float(bin_counts(shape).sum() * source.scale)
        case ClosedSpec():
            msg = "the backend plays no closed source"
            raise AssertionError(msg)
        case CurveSpec():
            return curve_of(source, scenario.duration_s, rate_factor(scenario.timeline, source.name)).total
        case _:
            assert_never(shape)


def compiled_run(
    scenario: ScenarioSpec,
    watcher: Watcher | None = None,
    csv: TextIO | None = None,
    rows: RowReader | None = None,
) -> Run:
    """Prepare a run of the scenario in the compiled backend, which must support the scenario."""
    from simulator.lab.compiled.play import CompiledRequests  # noqa: PLC0415 numba takes a second to import

    return Run(scenario, watcher=watcher or SilentWatcher(), csv=csv, rows=rows, backend=CompiledRequests(scenario))


def play_compiled(scenario: ScenarioSpec) -> RunRecord:
    """Play a scenario in the compiled backend. Raises what `play` raises."""
    record = play(compiled_run(scenario), signals=False)
    assert record.complete, "a worker's run is never interrupted"
    return record
