"""The modules that commands import: start-up time depends on them, and they can be counted where times cannot.

Each command runs in a process of its own. A budget is about a tenth above the number of modules when it was set; a
command that exceeds it imports something that it does not use.
"""

import subprocess
import sys

import pytest

from simulator.cli.commands import CommandGroup
from simulator.cli.verb_table import VERBS
from simulator.rules.policies.registry import POLICIES

REPORT = """
import sys
from simulator.cli import main
sys.argv = ["simulator", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
print("\\n".join(["=", *sys.modules]), file=sys.__stdout__)
"""

# Libraries that a run in virtual time does not need, and packages of features that it does not use.
OF_OTHERS = {
    "aiobotocore",
    "aiodocker",
    "aiohttp",
    "botocore",
    "cryptography",
    "dask",
    "dns",
    "httptools",
    "jinja2",
    "markdown_it",
    "matplotlib",
    "nodesemver",
    "numba",
    "opentelemetry",
    "pandas",
    "prometheus_client",
    "pyarrow",
    "pygments",
    "scipy",
    "uvloop",
    "simulator.api",
    "simulator.builds",
    "simulator.lessons",
}
HEAVY = {*OF_OTHERS, "numpy", "simulator.assembly", "simulator.fleet", "simulator.rules"}
OF_REAL_TIME = {
    "simulator.fleet.docker.engine",
    "simulator.fleet.mixed",
    "simulator.fleet.process.confinement",
    "simulator.wire.http1",
}
SERVE_MODULES_MAX = 390
HELP = {"markdown_it", "pygments"}  # typer draws its help with them


@pytest.mark.case("X8k", "H1")
@pytest.mark.parametrize(
    ("command", "modules_max", "never"),
    [
        pytest.param(["--version"], 13, HEAVY, id="version"),
        pytest.param(["--help"], 14, HEAVY - HELP, id="help"),
        pytest.param(["run", "no-such-scenario"], 47, HEAVY | {"pydantic"}, id="wrong-name"),
        pytest.param(["scenarios"], 17, HEAVY, id="scenarios"),
        pytest.param(["run", "first-look", "-q"], 298, OF_OTHERS | {"rich"}, id="run"),
    ],
)
def test_a_command_imports_no_more_than_it_uses(
    command: list[str], modules_max: int, never: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)  # colours are drawn with rich
    answer = subprocess.run([sys.executable, "-c", REPORT, *command], capture_output=True, text=True, check=True)
    names = answer.stdout.rpartition("=\n")[2].split()
    rooms = {".".join(name.split(".")[:2]) for name in names}
    libraries = {name.partition(".")[0] for name in names}
    assert not never & (rooms | libraries)
    own = [name for name in names if name.startswith("simulator")]
    assert len(own) <= modules_max, sorted(own)


CALLING = """
import io, sys
from simulator.scenario.scenario import load_scenario_stream
for event in ("deploy: {service: web}", "api: {PauseService: {ServiceArn: web}}"):
    services = "{web: {application: {simulated: {}}}}"
    text = f"{{version: 1, duration: 60s, services: {services}, timeline: [{{at: 30s, {event}}}]}}"
    load_scenario_stream(io.BytesIO(text.encode()), "a scenario")
    print("simulator.api.service_model" in sys.modules, "botocore" in sys.modules)
"""


def test_a_scenario_imports_the_api_only_if_it_calls_it() -> None:
    answer = subprocess.run([sys.executable, "-c", CALLING], capture_output=True, text=True, check=False)
    assert answer.stdout.split() == ["False", "False", "True", "True"], answer.stderr


@pytest.mark.case("H1")
def test_serve_imports_no_more_than_it_uses() -> None:
    program = "import sys, simulator.cli.platform.serve; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    names = answer.stdout.split()
    never = OF_OTHERS - {"aiohttp", "cryptography", "simulator.api", "simulator.builds"} | {
        "numpy",
        "simulator.control.stacks",
        "simulator.rules.cloudformation",
        "simulator.builds.engine",
        "simulator.builds.machine",
    }
    assert not never & ({".".join(name.split(".")[:3]) for name in names} | {name.partition(".")[0] for name in names})
    own = [name for name in names if name.startswith("simulator")]
    assert len(own) <= SERVE_MODULES_MAX, sorted(own)


def test_a_run_imports_the_policy_that_it_plays_and_nothing_of_real_time() -> None:
    words = [sys.executable, "-c", REPORT, "run", "first-look", "-q"]
    answer = subprocess.run(words, capture_output=True, text=True, check=True)
    names = set(answer.stdout.rpartition("=\n")[2].split())
    modules = {name: POLICIES[name].parameters.__module__ for name in POLICIES}
    assert [name for name, module in modules.items() if module in names] == ["app-runner"]
    assert not OF_REAL_TIME & names


def test_the_list_of_verbs_has_their_summaries() -> None:
    group = CommandGroup(name="simulator")
    for name, verb in VERBS.items():
        first = group.get_command(None, name).help.partition("\n\n")[0]
        assert verb.summary == " ".join(first.split())
