"""The file that a scenario argument means, and the message while a pipe has no data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.scenarios import scenario_file
from simulator.cli.scenarios.scenario_file import patient, policy_files
from simulator.scenario.scenario import load_scenario

RUN = CliRunner()
TEXT = "duration: 1s\nservices: {web: {application: {simulated: {}}}}\n"


@pytest.mark.case("R24")
def test_waiting_for_a_pipe_is_announced_and_then_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, told = tmp_path / "pipe", []
    os.mkfifo(pipe)

    def echo(line: str, *, err: bool) -> None:
        """Write the data only after the message: without the message, the reader would wait forever."""
        told.append((line, err))
        pipe.write_text(TEXT)

    monkeypatch.setattr(scenario_file, "echo", echo)
    monkeypatch.setattr(scenario_file, "WAIT_NOTICE_S", 0.01)
    with patient(pipe):
        assert load_scenario(pipe).duration_s == 1
    assert told == [(f"waiting for a scenario from the pipe {pipe}", True)]


@pytest.mark.case("R24")
@pytest.mark.parametrize("verb", [["compare", "--policy", "knative"], ["sweep", "--vary", "min_size=1"]])
def test_a_verb_that_reads_a_scenario_twice_rejects_a_pipe(tmp_path: Path, verb: list[str]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    name, *options = verb
    done = RUN.invoke(app, [name, str(pipe), *options])
    assert (done.exit_code, "must be a file: it is read again for each run" in done.output) == (2, True)


def test_the_files_of_policies_are_those_with_a_class() -> None:
    assert policy_files("knative", None, "a/my.py:Mine") == [Path("a/my.py")]
