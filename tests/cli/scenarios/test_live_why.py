"""`simulator why --live`: the decision in force at a running service."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.scenarios.live_why import ago_s
from tests.cli.front.asking import Asked
from tests.cli.platform.test_serve import ok, serving

NOW = datetime(2026, 3, 1, 14, 3, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("time", "seconds"),
    [(None, 0.0), ("90s", 90.0), ("14:03:06", 0.0), ("14:02", 66.0), ("0:00", 50586.0), ("14:03:07", 86399.0)],
)
def test_a_moment_is_a_time_of_day_or_how_long_ago(time: str | None, seconds: float) -> None:
    assert ago_s(time, NOW) == seconds


def test_another_word_is_an_error() -> None:
    with pytest.raises(ValueError, match="time = 'noon', must be a time of day such as 14:03:06, or how long ago, 90s"):
        ago_s("noon", NOW)


def rejection(*words: str) -> str:
    done = CliRunner().invoke(app, ["why", *words])
    assert done.exit_code == 2, done.output
    return done.output


def test_a_service_of_serve_is_explained_with_the_time_of_day(tmp_path: Path) -> None:
    config, state = tmp_path / "serve.yaml", tmp_path / "state"
    config.write_text("applications: {hello: {simulated: {}}}\nscaling: {policy: {name: fixed, instances: 2}}", "utf-8")
    live = ("--live", "--state", str(state))
    assert f"no simulator runs with it; start `simulator serve --state {state}` or" in rejection(*live)
    with serving(state, "--config", str(config)) as served:
        assert ok("why", *live) == ""  # no service yet
        Asked(served, state)
        told = ok("why", *live, "--service", "hello")
        assert re.match(r"At \d\d:\d\d:\d\d the desired count of hello was [12] instances?", told)
        assert "fixed" in told
        assert "service = 'hallo', must be one of hello" in rejection(*live, "--service", "hallo")
        assert "must be since the simulator started, at " in rejection("9h", *live)
        assert "run = 'run.json', must be left out with --live" in rejection("9h", "run.json", *live)
    assert "must come with --live" in rejection("90s", "--state", str(state))
