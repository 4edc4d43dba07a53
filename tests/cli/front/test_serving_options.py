"""Options that `serve` and `up` share: they have the names of those of `run`."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.front.serving_options import BalancerOptions, ScalingOptions
from simulator.cli.scenarios.run_options import ChoiceOptions, RealTimeOptions
from simulator.scenario.sections.service_spec import ServiceSpec


def test_options_have_the_names_that_run_and_its_scenarios_have() -> None:
    of_run = {each.name for group in (RealTimeOptions, ChoiceOptions) for each in fields(group)}
    names = {each.name for group in (BalancerOptions, ScalingOptions) for each in fields(group)}
    assert names - of_run == {"balancing", "shadow"}
    assert "balancing" in ServiceSpec.model_fields


@pytest.mark.parametrize("verb", ["serve", "up"])
@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--balancing", "round-robbin", "balancing = 'round-robbin', must be one of "),
        ("--policy", "knativ", "policy = 'knativ', must be one of "),
        ("--policy", "none.py:Own", "policy = 'none.py:Own', must name a file that can be read"),
    ],
)
def test_a_wrong_name_is_bad_input(tmp_path: Path, verb: str, option: str, value: str, told: str) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    place = [str(tmp_path)] if verb == "up" else ["--port", "0", "--https-port", "0"]
    done = CliRunner().invoke(app, [verb, *place, "--state", str(tmp_path / "state"), option, value])
    assert done.exit_code == 2
    assert told in done.output
