"""Additions to the declarations for `--help`: examples of each verb, and plain types.

Types are NUMBER, TEXT, or the option's own word, instead of Typer's `<int range> [x>=0]`.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final, get_args

EXAMPLES: Final[dict[str, tuple[str, ...]]] = {
    "run": (
        "simulator run first-look",
        "simulator run my.yaml --seed 3 --html report.html",
    ),
    "lesson": (
        "simulator lesson littles-law",
        "simulator lesson --console",
    ),
    "report": ("simulator report", "simulator report run.json --quiet"),
    "why": ("simulator why 5m19s", "simulator why 03:06 run.json --service web", "simulator why 14:03 --live"),
    "compare": (
        "simulator compare first-look --policy configured --policy knative",
        "simulator compare flash-sale --platform app-runner --platform lambda",
    ),
    "sweep": (
        "simulator sweep first-look --vary max_concurrency=5,10,20 --out points.csv",
        "simulator sweep first-look --vary min_size=1..4 --seeds 5 --chart points.png",
    ),
    "tune": (
        "simulator tune flash-sale --slo 'p95 < 600 ms, error_rate < 1 %'",
        "simulator tune my.yaml --slo 'p99 < 1 s' --vary max_concurrency=10..80..10",
        "simulator tune my.yaml --slo 'p95 < 300 ms' --check main.tf --within '10 %'",
    ),
    "shadow": (
        "simulator shadow first-look --policy knative",
        "simulator shadow my.yaml --policy hpa --policy my.py:MyPolicy",
    ),
    "validate": (
        "simulator validate",
        "simulator validate --case 2.1",
    ),
    "import": (
        "simulator import invocations_per_function_md.anon.d*.csv --top 3",
        "simulator import access.log.gz --skip 8h --for 2h --out morning.yaml",
    ),
    "observe": (
        "simulator observe ./shop",
        "simulator observe shop:1 --route /a:3 --route 'POST /buy' --body b.json",
        "simulator observe 'gunicorn -w 4 shop:app' --size '0.5 vCPU 1 GB'",
    ),
    "calibrate": (
        "simulator calibrate shop.observation.zip",
        "simulator calibrate a.observation.zip b.observation.zip --name shop",
        "simulator calibrate access.log.gz --instances 2 --max-concurrency 80",
        "simulator calibrate day.json service.json --name shop",
        "simulator calibrate capacity.csv",
    ),
    "predict": (
        "simulator predict shop.model.json --max-concurrency 20 --slo 'p95 < 250 ms'",
        "simulator predict shop.model.json --rate 60,100,140 --size '0.5 vCPU 1 GB'",
    ),
    "verify": (
        "simulator verify shop.model.json --rate 60,100,130",
        "simulator verify shop.model.json ./shop --rate 90 --bound 'p95 8 %'",
    ),
    "export": ("simulator export flash-sale --to k6 --out flash-sale.js",),
    "mcp": (
        "simulator mcp",
        "simulator mcp path/to/project --allow-writes",
        "simulator mcp --skill SKILL.md",
    ),
    "init": (
        "simulator init",
        "simulator init path/to/project",
    ),
    "up": (
        "simulator up",
        "simulator up path/to/project --watch",
    ),
    "serve": (
        "simulator serve",
        "simulator serve --config serve.yaml --console",
    ),
    "top": (
        "simulator top http://127.0.0.1:8700/",
        "simulator top http://127.0.0.1:8700/ --once",
    ),
    "logs": (
        "simulator logs web",
        "simulator logs web --follow",
    ),
    "events": (
        "simulator events",
        "simulator events --follow",
    ),
    "audit": (
        "simulator audit",
        "simulator audit --follow",
    ),
    "fault": (
        "simulator fault begin 'wire_fault: {kind: reset, share: 5 %, for: 30s}'",
        "simulator fault end all",
    ),
    "connection": ("simulator connection --help",),
    "dns": (
        "simulator dns list",
        "simulator dns check",
    ),
    "hosts": ("simulator hosts",),
    "runtimes": (
        "simulator runtimes list",
        "simulator runtimes build PYTHON_311 --base debian:12",
    ),
    "state": (
        "simulator state export state.json",
        "simulator state import state.json",
    ),
    "ca": (
        "simulator ca",
        "simulator ca --state folder",
    ),
    "iam": ("simulator iam explain AKIAREADER PauseService service/shop/1 --config f.yaml",),
    "scenarios": (
        "simulator scenarios",
        "simulator scenarios --copy-to my-scenarios",
    ),
    "policies": (
        "simulator policies",
        "simulator policies template my.py",
    ),
    "schema": (
        "simulator schema",
        "simulator schema report",
    ),
}
_WORDS: Final = {int: "NUMBER", float: "NUMBER", str: "TEXT", Path: "PATH"}


def prepared(command: Any, context: Any, verb: str = "") -> Any:
    """Prepare the help of a command and return the command. `verb`: the verb whose examples are added, if it is one."""
    for parameter in command.get_params(context):
        parameter.display_type = functools.partial(_type, parameter)
        parameter.display_type_rich = functools.partial(_type, parameter)
        parameter._get_number_range_help_str = _nothing  # noqa: SLF001 Typer has no setting for it
        if parameter.param_type_name == "argument":
            parameter._usage_display_name = functools.partial(_usage, parameter)  # noqa: SLF001
    if verb:
        command.epilog = "\n".join(("Examples:", *(f"$ {example}" for example in EXAMPLES[verb])))
    return command


def _type(parameter: Any, ctx: Any = None) -> str:  # noqa: ARG001 Typer's signature
    if parameter.param_type_name == "argument":
        return ""
    if parameter.metavar:
        return str(parameter.metavar)
    found = parameter.type_descriptor
    if found.is_choice and found.choices is not None:
        return "|".join(str(getattr(choice, "value", choice)) for choice in found.choices)
    annotation = found.annotation
    kinds = [kind for kind in (annotation, *get_args(annotation)) if kind in _WORDS]
    return _WORDS[kinds[0]] if kinds else ""


def _usage(parameter: Any) -> str:
    """Return `FILE`, `[FILE]` if the argument is optional, and `FILE...` if there may be several."""
    name = parameter.display_name_raw.strip("[]").removesuffix("...") + "..." * (parameter.nargs != 1)
    return name if parameter.required else f"[{name}]"


def _nothing() -> None:
    """Show no range: the option's text states it where it matters, and an error names it."""
