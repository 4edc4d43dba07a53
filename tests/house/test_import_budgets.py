"""The modules that commands import: start-up time depends on them, and they can be counted where times cannot.

Each command runs in a process of its own. A budget is about a tenth above the number of modules when it was set; a
command that exceeds it imports something that it does not use.
"""

import subprocess
import sys

import pytest

from simulator.cli.commands import _VERBS, CommandGroup
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
SERVE_MODULES_MAX = 354
HELP = {"markdown_it", "pygments"}  # typer draws its help with them
