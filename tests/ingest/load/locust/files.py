"""Locustfiles, and what is read from them."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from simulator.ingest.input_file import InputFile
from simulator.ingest.load.locust.plan import LocustOptions, is_locust, locust_plan
from simulator.ingest.load.plan import LoadPlan, LoadSource
from simulator.traffic.scripts import ramped

HEAD = "import math\nfrom locust import HttpUser, LoadTestShape, SequentialTaskSet, TaskSet, between, constant, task\n"
USER = """
class Visitor(HttpUser):
    @task
    def home(self):
        self.client.get("/")
"""


def read(folder: Path, code: str, options: LocustOptions | None = None) -> LoadPlan:
    path = folder / "locustfile.py"
    path.write_text(HEAD + textwrap.dedent(code))
    file = InputFile(path)
    assert is_locust(file)
    return locust_plan(file, options or LocustOptions(10, 10.0, 60.0))


def users_at(source: LoadSource, at_s: float) -> int:
    """Return the number of users of a closed source at a time."""
    found = re.search(r"users: (\d+)", source.shape)
    assert found is not None
    users = int(found[1])
    stages = re.findall(r"duration: ([\d.]+)s, target: (\d+)", source.shape)
    for changed_s, changed in ramped(users, [(float(length_s), int(target)) for length_s, target in stages]):
        if changed_s <= at_s:
            users = changed
    return users
