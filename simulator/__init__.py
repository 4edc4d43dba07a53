"""A platform simulator of AWS App Runner in one asyncio process. This docstring is the map of the code.

Decisions are separate from waiting. Decisions are made by plain synchronous objects in `rules`. The asyncio code that
waits and carries them out is written once and runs on two clocks: uvloop with real sockets, and a virtual-time loop on
which hours take seconds and the same seed gives the same bytes.

Layers, top first; a package imports packages of lower layers only, never a sibling (`|`). Within a package no two parts
import each other. Import contracts in `pyproject.toml` check it:

    cli                    one file per command, the only reader of argv and environment
    mcp                    tools for agents over the Model Context Protocol
    sdk                    the Python API, `from simulator import Scenario, compare`
    calibration            from observations of a service to a model of it, to predictions and their verification
    console | lab          console: the web pages and terminal views.
                           lab: compare, sweep, validate, and the compiled backend
    lessons                questions about autoscaling, each with a run that answers it; the files of the course
    replay                 a run of a scenario: runner, context, timeline, recorder
    report                 from records to the report, checks and verdict; readable without an event loop
    traffic                from a scenario's sources to arrivals and clients; shapes; live load over sockets
    assembly               the composition root: chooses drivers and front, adds exporters and control plane
    platform               a running service: revisions, deployments, workload; it gets its drivers and its front
    ingest                 from recorded traffic (logs, traces, metrics, datasets) or a load script to a scenario file
    scenario               from a file to a validated value; independent of platform and event loop
    api                    the protocol of App Runner's API: AWS JSON, its schema (botocore's model), signatures
    control | edge | telemetry
                           control: resources, operations, state.  edge: listeners, connections, gateway.
                           telemetry: Prometheus, OpenTelemetry, CloudWatch
    builds                 from a repository to an application that an instance can run
    fleet                  the driver port; pool with replicas and autoscaler; simulated, process, docker, mixed, http
    wire | records         wire: HTTP/1.x, TLS, DNS.  records: journal, histograms, series, request log
    world | rules          world: clock, virtual loop, random streams, ordered tasks.  rules: admission, balancing,
                           windows, health, routing, pricing, service discipline; policies, platforms, IAM
    model                  the values of the domain: frozen, state machines as tables, units, rejections

One request: listener -> connection (parse) -> gateway (route by host) -> pool (admission admits, queues or rejects;
balancing chooses the instance) -> backend of the instance -> the response streams back -> the slot is free when the
body has ended -> the request log has one row. A simulated client replaces the first two and a simulated instance the
forwarding; the code between them is the same.

One scaling decision: the meter finishes a second -> the policy observes it -> on its tick the policy decides -> the
decision is recorded with inputs, formula and clamps -> `ReplicaSet.resize` -> the replica set starts or terminates
instances until the desired number exists.

In Python, in a notebook too:

    from simulator import Scenario, compare

    result = Scenario("first-look").change(max_concurrency=10).run(seed=3)
    result.figures["latency_p95_s"]
    result.decisions()  # a data frame
    compare("first-look", ["configured", "knative"], seeds=5)

A service of your own: `observe` measures it, `calibrate` fits a model, `predict` answers from it, `verify` compares.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.sdk import (
        BatchStep,
        BrokenRun,
        ComparisonResult,
        MetricsVerificationResult,
        MissingLibrary,
        NotCalibrated,
        ObservationResult,
        Page,
        PredictionResult,
        Result,
        Scenario,
        ScenarioError,
        ServiceModel,
        SweepResult,
        TuningResult,
        UnusableService,
        VerificationResult,
        calibrate,
        compare,
        observe,
        predict,
        verify,
        verify_metrics,
    )

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

__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    """Return a name of the Python API, imported on first use.

    Every package imports this module, and most need none of these names.
    """
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(_import_module("simulator.sdk"), name)
