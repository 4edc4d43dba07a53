"""The table of verbs: the module of each, and the first paragraph of its help."""

from __future__ import annotations

from typing import Final, NamedTuple


class Verb(NamedTuple):
    """The module of a verb and the first paragraph of its help, so that listing the verbs imports none of them."""

    module: str
    name: str  # of its function, or of the Typer application of its subcommands
    summary: str = ""
    panel: str = ""


PLAY: Final = "Play scenarios"
HERE: Final = "App Runner on this machine"
LOOK_UP: Final = "Look up"

# Options that have the same meaning in every verb.
OF_ALL_VERBS: Final = frozenset({"backend", "engine", "quiet", "state", "verbose", "workers"})

# In the order of `--help`.
VERBS: Final = {
    "run": Verb(
        "simulator.cli.scenarios.run",
        "run",
        "Run a scenario and report what happened, why, and what it would cost.",
        PLAY,
    ),
    "lesson": Verb(
        "simulator.cli.lessons.lesson",
        "lesson_verb",
        "Learn why an autoscaler acts as it does: predict, run, compare, change one thing, try again.",
        PLAY,
    ),
    "report": Verb(
        "simulator.cli.scenarios.report",
        "report_verb",
        "Show the report of the last run again, or of one that `simulator run --json` wrote.",
        PLAY,
    ),
    "why": Verb(
        "simulator.cli.scenarios.why",
        "why_verb",
        "Explain why requests were lost, or the scaling decision at a moment: inputs, result and limits.",
        PLAY,
    ),
    "compare": Verb(
        "simulator.cli.lab.compare",
        "compare_verb",
        "Compare policies and platforms on the same traffic.",
        PLAY,
    ),
    "sweep": Verb(
        "simulator.cli.lab.sweep",
        "sweep",
        "Run a scenario at every point of a grid of settings.",
        PLAY,
    ),
    "tune": Verb(
        "simulator.cli.lab.tune",
        "tune_verb",
        "Find the setting of a service that holds an SLO at the lowest cost, and say how sure that is.",
        PLAY,
    ),
    "shadow": Verb(
        "simulator.cli.lab.shadow",
        "shadow_verb",
        "Run a scenario with its own policy, evaluate other policies without applying them, and report how they "
        "differ.",
        PLAY,
    ),
    "validate": Verb(
        "simulator.cli.lab.validate",
        "validate_verb",
        "Run every ground-truth case and show the published value and the simulated one.",
        PLAY,
    ),
    "import": Verb(
        "simulator.cli.ingest.import_verb",
        "import_verb",
        "Make a scenario of recorded traffic (logs, traces, metrics, public datasets) or of a load script.",
        PLAY,
    ),
    "observe": Verb(
        "simulator.cli.calibration.observe",
        "observe_verb",
        "Measure a service of your own: find its levels of load up to saturation, and write everything to one file.",
        PLAY,
    ),
    "calibrate": Verb(
        "simulator.cli.calibration.calibrate",
        "calibrate_verb",
        "Fit a model to observations of a service: CPU and I/O times, workers, event loop, locks, with 95 % intervals.",
        PLAY,
    ),
    "predict": Verb(
        "simulator.cli.calibration.predict",
        "predict_verb",
        "Predict latency, errors and CPU of a calibrated model, or the highest rate that it carries, with intervals.",
        PLAY,
    ),
    "verify": Verb(
        "simulator.cli.calibration.verify",
        "verify_verb",
        "Play loads against the real service, and compare them with what its calibrated model predicts.",
        PLAY,
    ),
    "export": Verb(
        "simulator.cli.ingest.export_verb",
        "export_verb",
        "Write the load of a scenario as a script of another tool.",
        PLAY,
    ),
    "mcp": Verb(
        "simulator.cli.agents.mcp_verb",
        "mcp_verb",
        "Serve tools to agents over the Model Context Protocol: run, verdict, why, tune, compare, predict.",
        PLAY,
    ),
    "init": Verb(
        "simulator.cli.project.init",
        "init",
        "Write a commented apprunner.yaml for a Flask, FastAPI, Django, Express, Node.js, Spring, Go or Rails project.",
        HERE,
    ),
    "up": Verb(
        "simulator.cli.project.up",
        "up",
        "Build the project in a folder by its apprunner.yaml, or else its Dockerfile, and serve it over HTTPS.",
        HERE,
    ),
    "runtimes": Verb(
        "simulator.cli.project.runtimes",
        "runtimes",
        "The managed runtimes, and their images in the container engine.",
        HERE,
    ),
    "serve": Verb(
        "simulator.cli.platform.serve",
        "serve",
        "Serve App Runner's API on this machine, for the AWS CLI, SDKs, Terraform and other AWS clients.",
        HERE,
    ),
    "top": Verb(
        "simulator.cli.platform.top",
        "top",
        "Watch a running simulator on a terminal: rates, instances, latency, latest events. Ctrl-C ends it.",
        HERE,
    ),
    "logs": Verb(
        "simulator.cli.state.logs",
        "logs",
        "Show a service's event log, or the log of a deployment or an instance.",
        HERE,
    ),
    "events": Verb(
        "simulator.cli.state.events",
        "events",
        "Show events of services, as EventBridge would deliver them.",
        HERE,
    ),
    "audit": Verb(
        "simulator.cli.state.audit",
        "audit",
        "Show the calls of the API, as CloudTrail would record them; reads and rejections appear after one second.",
        HERE,
    ),
    "fault": Verb(
        "simulator.cli.state.fault",
        "fault",
        "Faults at the services of a running `simulator serve` or `up`: latency, resets, killed instances and others.",
        HERE,
    ),
    "connection": Verb("simulator.cli.state.connection", "connection", "Connections to GitHub and Bitbucket.", HERE),
    "dns": Verb(
        "simulator.cli.dns.dns_verbs",
        "dns",
        "Records in the DNS of `simulator serve --dns-port`, which applies every change at once.",
        HERE,
    ),
    "hosts": Verb(
        "simulator.cli.dns.hosts",
        "hosts",
        "Print the names of all services as lines of a hosts file, or write them into one.",
        HERE,
    ),
    "state": Verb(
        "simulator.cli.state.state_commands",
        "state",
        "The state of `simulator serve` as a file.",
        HERE,
    ),
    "ca": Verb(
        "simulator.cli.platform.ca",
        "ca",
        "Show the local certificate authority (created if there is none) and how to trust it.",
        HERE,
    ),
    "iam": Verb(
        "simulator.cli.platform.iam",
        "iam",
        "IAM policies of the access keys of a configuration.",
        HERE,
    ),
    "scenarios": Verb("simulator.cli.scenarios.scenarios", "scenarios", "List the shipped scenarios.", LOOK_UP),
    "policies": Verb(
        "simulator.cli.scenarios.policies",
        "policies",
        "List the scaling policies and platforms, or write a template for a policy of your own.",
        LOOK_UP,
    ),
    "schema": Verb(
        "simulator.cli.scenarios.schema",
        "schema",
        "Print the JSON Schema of scenario files and configurations (for editors) or of reports.",
        LOOK_UP,
    ),
}
