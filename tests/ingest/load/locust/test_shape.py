from __future__ import annotations

import csv
from pathlib import Path

import pytest

from simulator.ingest.load.locust.plan import LocustOptions
from simulator.scenario.problems import ScenarioError
from tests.ingest.load.locust.files import USER, read, users_at

REAL = Path(__file__).parents[2] / "real"


def shape(body: str, attributes: str = "") -> str:
    lines = "".join(f"        {line}\n" for line in body.strip().splitlines())
    return f"{USER}\nclass Shape(LoadTestShape):\n    {attributes or 'pass'}\n\n    def tick(self):\n{lines}"


def test_users_start_in_batches_the_first_at_once(tmp_path: Path) -> None:
    (source,) = read(tmp_path, USER, LocustOptions(25, 10.0, 60.0)).sources

    assert source.shape == "closed: {users: 10, stages: [{duration: 2s, target: 25}], begin: request}"
    assert source.until_s == 60


def test_fewer_than_one_user_in_a_second_start_one_by_one(tmp_path: Path) -> None:
    (source,) = read(tmp_path, USER, LocustOptions(4, 0.5, 60.0)).sources

    assert source.shape == "closed: {users: 1, stages: [{duration: 6s, target: 4}], begin: request}"


def test_the_stages_of_a_shape_are_ramps_of_its_spawn_rate(tmp_path: Path) -> None:
    code = shape(
        """
for stage in self.stages:
    if self.get_run_time() < stage["duration"]:
        return stage["users"], stage["spawn_rate"]
return None
""",
        'stages = [{"duration": 20, "users": 10, "spawn_rate": 10}, {"duration": 50, "users": 40, "spawn_rate": 5}]',
    )
    plan = read(tmp_path, code)

    stages = "{duration: 20s, target: 10}, {duration: 0s, target: 15}, {duration: 5s, target: 40}"
    assert plan.sources[0].shape == f"closed: {{users: 10, stages: [{stages}], begin: request}}"
    assert plan.length_s == 50


def test_a_shape_computes_with_its_state_and_its_methods(tmp_path: Path) -> None:
    code = f"""
{USER}
class Base(LoadTestShape):
    abstract = True
    step = 3

class Steps(Base):
    def __init__(self):
        super().__init__()
        self.level = 0

    def higher(self, by):
        self.level += by
        return self.level

    def tick(self):
        if self.get_run_time() >= 3:
            return None
        return (self.higher(self.step), 100, [Visitor])
"""
    plan = read(tmp_path, code)

    assert [users_at(plan.sources[0], second) for second in range(3)] == [3, 6, 9]
    assert "Steps: users of all classes at all times; its tick chooses among them" in plan.guessed


@pytest.mark.parametrize(
    ("body", "line", "found"),
    [
        ("return random.randint(1, 5), 1", 13, r"random\.randint\(1, 5\)"),
        ("return 5, 1", 12, r"def tick\(self\):"),
        ("return 'many', 1", 12, r"def tick\(self\):"),
        ("import time\nreturn None", 13, "import time"),
    ],
)
def test_code_that_only_running_it_can_tell_is_reported(tmp_path: Path, body: str, line: int, found: str) -> None:
    with pytest.raises(ScenarioError, match=rf"locustfile\.py:{line}:1: code = {found}, must be a constant, or code"):
        read(tmp_path, shape(body))


def test_the_users_are_those_that_locust_had(tmp_path: Path) -> None:
    """Compare with the history that Locust itself wrote for this file, whose rows lag behind by up to a second."""
    code = (REAL / "locustfile.txt").read_text()
    plan = read(tmp_path, code.partition("\n\n\n")[2])

    with (REAL / "locust_stats_history.csv").open() as lines:
        rows = [(int(row["Timestamp"]), int(row["User Count"])) for row in csv.DictReader(lines)]
    first = next(at for at, users in rows if users) - 1
    judged = 0
    for at, users in rows:
        second = at - first
        if 1 <= second < plan.length_s:
            near = [sum(users_at(source, second - lag / 4) for source in plan.sources) for lag in range(5)]
            # Two sources round their share of a batch; Locust starts a whole batch at once, a ramp user by user.
            assert min(near) - 2 <= users <= max(near) + 2, (second, users, near)
            judged += 1
    assert judged > 40
