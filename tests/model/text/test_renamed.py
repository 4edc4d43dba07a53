"""Each old name leads to the new one, in every place where users write names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import simulator
from simulator.cli import app
from simulator.model.text.renamed import RENAMED, renamed
from simulator.report.schema import Report
from simulator.scenario.check_expression import parse_check
from simulator.scenario.check_metrics import METRICS
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario
from simulator.scenario.user_policy import GuardedPolicy

TEXT = """
version: 1
name: old
duration: 10s
services:
  web:
    application: {simulated: {demand: {cpu: 10ms}}}
    SERVICE
traffic:
  - {name: all, service: web, shape: {constant: {rate: 1/s}}}
"""


@pytest.mark.parametrize(
    ("line", "new"),
    [
        ("overflow: refuse", "reject"),
        ("overflow: {mode: hold, wait: 1s}", "queue"),
        ("policy: {name: app-runner, count_refusals: true}", "count_rejections"),
    ],
)
def test_a_scenario_with_an_old_key_is_an_error_that_names_the_new_one(line: str, new: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=f"it is now `{new}`"):
        read_scenario(TEXT.replace("SERVICE", line), file="old.yaml", folder=tmp_path)


# `hold` was a mode of overflow, which is called queue like a metric that has always had this name.
@pytest.mark.parametrize("old", [old for old, new in RENAMED.items() if new in METRICS and old != "hold"])
def test_a_check_of_an_old_metric_names_the_new_one(old: str) -> None:
    with pytest.raises(ValueError, match=f"must be one of .*`{RENAMED[old]}`"):
        parse_check(f"{old} < 1")


@pytest.mark.parametrize(
    ("words", "new"),
    [
        (["run", "first-look", "--gear", "auto"], "--backend"),
        (["run", "first-look", "--backend", "fast"], "compiled"),
        (["compare", "first-look", "--policy", "fixed", "--policy", "oracle", "--backend", "virtual"], "event-loop"),
        (["compare", "first-look", "--policy", "own"], "configured"),
    ],
)
def test_an_old_option_or_value_is_an_error_that_names_the_new_one(words: list[str], new: str) -> None:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2, done.output
    told = " ".join(re.sub("[\u2500-\u257f]", " ", done.output).split())
    assert new in told
    assert "it is now" in told


def test_a_policy_with_an_old_attribute_is_an_error_that_names_the_new_one() -> None:
    class Old:
        pokes = True

    with pytest.raises(ValueError, match="reacts_to_queue"):
        GuardedPolicy.check_names("old.py:Old", Old)


@pytest.mark.parametrize("arguments", [["why", "FILE", "1s"], ["report", "FILE"]])
def test_a_report_of_an_older_version_is_an_error_with_a_hint(arguments: list[str], tmp_path: Path) -> None:
    file = tmp_path / "old.json"
    file.write_text(json.dumps({"report_version": 1, "digest": "", "versions": {"simulator": "0.1.0"}}))
    done = CliRunner().invoke(app, [str(file) if word == "FILE" else word for word in arguments])
    assert done.exit_code == 2
    by = f"written by simulator 0.1.0; this is simulator {simulator.__version__}"
    assert f"report_version = 1, must be 2 ({by})" in done.output
    assert "hint: run the scenario again, or read it with simulator 0.1.0" in done.output


def test_no_new_name_is_an_old_one_and_reports_have_no_old_field() -> None:
    assert not set(RENAMED) & set(RENAMED.values())
    text = json.dumps(Report.model_json_schema())
    assert not [old for old in RENAMED if f'"{old}":' in text]


def test_a_word_whose_new_name_is_not_valid_here_has_none() -> None:
    assert renamed("virtual", ["real"]) == ""
    assert renamed("virtual", ["auto", "compiled", "event-loop"]) == "event-loop"
