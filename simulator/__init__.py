"""A platform simulator of AWS App Runner in one asyncio process: this docstring is the map of the code.

Decisions are separate from waiting. Decisions are plain synchronous objects in `rules`; the asyncio code that waits and
carries them out is written once and runs on two clocks: uvloop with real sockets, and a virtual-time loop on which
hours take seconds and the same seed gives the same bytes.

Layers, top first; a package imports packages of lower layers only, never a sibling (`|`). Import contracts in
`pyproject.toml` check it:

    11 cli | notebook      cli: one file per verb; the only reader of argv and environment.
                           notebook: the Python API, `from simulator import Scenario, compare`
    10 lab | console       lab: comparisons, sweeps, shadows, why, validation.  console: the pages of a run
    9  lessons             questions about autoscaling, each with a run that answers it; the files of the course
    8  replay              scenario files, arrivals, traces, clients, timeline, checks, the runner, the report's data
    7  assembly            the composition root: the only package that names concrete drivers and listeners
    6  api                 the wire format of App Runner's API: AWS JSON, its schema (botocore's model), signatures
    5  control | edge | telemetry
                           control: App Runner's operations, registry and store; the autoscaler loop.
                           edge: listeners, connections, gateway.  telemetry: for Prometheus, OpenTelemetry, CloudWatch
    4  builds over fleet   builds: from a repository to what an instance runs; of the fleet it uses the confinement of
                           processes and the container engine.  fleet: driver port, drivers (simulated, process, docker,
                           mixed), instance, pool, prober
    3  wire | records      wire: everything that speaks HTTP or TLS.  records: facts, journal, histograms, metrics
    2  world | rules       world: clock, virtual loop, random streams, ordered tasks.  rules: admission, balancing,
                           windows, health, routing, pricing, service discipline, and `policies/`, one file per policy
    1  model               the domain: frozen values, state machines as tables, units, rejections

One request: listener -> connection (parse) -> gateway (route by host) -> pool (admission admits, queues or rejects;
balancing picks) -> backend of the instance -> the response streams back -> the slot is free when the body has ended ->
the journal has one row. A simulated client replaces the first two and a simulated instance the forwarding; the middle
is the same code.

One scaling decision: the meter closes a second -> the policy observes it -> on its tick the policy decides -> the
decision is recorded with inputs, formula and clamps -> `pool.resize` -> the pool's own loop moves towards the desired
count.

In Python, in a notebook too:

    from simulator import Scenario, compare

    result = Scenario("first-look").change(max_concurrency=10).run(seed=3)
    result.figures["latency_p95_s"]
    result.decisions()  # a data frame
    compare("first-look", ["configured", "knative"], seeds=5)
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.sdk import (
        BatchStep,
        BrokenRun,
        ComparisonResult,
        MissingLibrary,
        Page,
        Result,
        Scenario,
        ScenarioError,
        SweepResult,
        compare,
    )

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

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Return a name of the Python API, imported on first use: every package imports this module, and most use none of
    it.
    """
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(_import_module("simulator.sdk"), name)
