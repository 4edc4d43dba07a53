from __future__ import annotations

from pathlib import Path

import pytest

from simulator.ingest.input_file import InputFile
from simulator.ingest.load.locust.plan import LocustOptions, is_locust_options, locust_options
from simulator.ingest.load.plan import plan_text
from simulator.ingest.load.scripts import imported_load
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import load_scenario
from tests.ingest.load.locust.files import HEAD, USER, read


def test_the_scenario_is_valid(tmp_path: Path) -> None:
    plan = read(tmp_path, USER, LocustOptions(200, 3.0, 90.0))
    (tmp_path / "out.yaml").write_text(plan_text(plan, "out", "locustfile.py", {}))

    scenario = load_scenario(tmp_path / "out.yaml")

    assert scenario.duration_s == 90
    assert scenario.traffic[0].closed is not None
    assert scenario.traffic[0].closed.users_max == 200


def test_defaults_of_locust_are_named(tmp_path: Path) -> None:
    plan = read(tmp_path, USER, LocustOptions())

    assert plan.sources[0].shape == "closed: {users: 1, begin: request}"
    assert "--users 1 and --spawn-rate 1: the file has no load shape, and Locust's defaults are used" in plan.guessed
    assert "--run-time: 600 s of a load that runs until somebody stops it" in plan.guessed


def test_options_come_from_a_configuration_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text(HEAD + USER)
    (tmp_path / "locust.conf").write_text("# options\nheadless = true\nusers = 30\nspawn-rate = 30\nrun-time = 1h30m\n")
    paths = [tmp_path / "locust.conf", tmp_path / "locustfile.py"]

    load = imported_load(paths, LocustOptions(users=12))

    assert load is not None
    assert load.plan.sources[0].shape == "closed: {users: 12, begin: request}"
    assert load.plan.length_s == 5400


def test_options_without_a_locustfile_are_reported(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n")
    with pytest.raises(ValueError, match="--users, --spawn-rate and --run-time are options of a locustfile"):
        imported_load([tmp_path / "a.csv"], LocustOptions(users=3))


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("users = 5\n", LocustOptions(5)),
        ("[locust]\nrun-time = 300\nspawn_rate: 2.5\n", LocustOptions(None, 2.5, 300)),
    ],
)
def test_options_of_a_file(tmp_path: Path, text: str, options: LocustOptions) -> None:
    path = tmp_path / "locust.conf"
    path.write_text(text)
    assert is_locust_options(InputFile(path))
    assert locust_options(InputFile(path)) == options


def test_a_wrong_option_of_a_file_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "locust.conf"
    path.write_text("users = many\n")
    with pytest.raises(ScenarioError, match=r"locust\.conf:1:1: option = .*'many', must be a number, or a time"):
        locust_options(InputFile(path))


@pytest.mark.parametrize("text", ["users = -5", "users = 0", "spawn-rate = 0", "spawn-rate = inf", "run-time = 0"])
def test_options_of_a_file_are_above_0(tmp_path: Path, text: str) -> None:
    path = tmp_path / "locust.conf"
    path.write_text(f"{text}\n")
    with pytest.raises(ScenarioError, match=r"locust\.conf:1:1: .* = .*, must be a number above 0"):
        locust_options(InputFile(path))


def test_constants_use_those_before_them_and_of_base_classes(tmp_path: Path) -> None:
    code = f"""
HOURS = 2
HOURS = HOURS + 1
{USER}
class Base(LoadTestShape):
    abstract = True
    step = HOURS
    level = 1

class Steps(Base):
    level = 7

    def tick(self):
        return (self.level, self.level) if self.get_run_time() < self.step else None
"""
    plan = read(tmp_path, code)

    assert (plan.length_s, plan.sources[0].shape) == (3, "closed: {users: 7, begin: request}")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("class Visitor(HttpUser):\n    pass\n", "file = no requests, must be a class of users whose tasks call"),
        ("class Visitor(HttpUser:\n", r"locustfile\.py:3:1: file = .*, must be a file of Python 3"),
        (
            USER + "class A(LoadTestShape): pass\nclass B(LoadTestShape): pass\n",
            "file = several load shapes, must be one",
        ),
        (USER + "x = " + "-" * 5000 + "1\n", "must be a file of Python 3"),
    ],
)
def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path, code: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        read(tmp_path, code)
