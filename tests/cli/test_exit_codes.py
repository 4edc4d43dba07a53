"""The contract of exit codes for all verbs: 0 success, 1 only a failed check, 2 bad input, 3 a failure."""

from __future__ import annotations

import errno
import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.exit_codes import DEBUG_VARIABLE
from simulator.cli.verb_table import VERBS, Verb

RUN = CliRunner()
SCENARIO = """
duration: 2s
services: {web: {application: {simulated: {io: 50ms}}}}
traffic: [{name: rec, %s}]
checks: [%s]
"""
FULL = Path("/dev/full")


def scenario_file(folder: Path, source: str = "poisson: {rate: 5/s}", check: str = "requests >= 0") -> str:
    file = folder / "scenario.yaml"
    file.write_text(SCENARIO % (source, check), encoding="utf-8")
    return str(file)


# Bad input for each verb. FILE is a scenario whose recording has an invalid row.
BAD_INPUT = {
    "run": [
        ["FILE"],
        ["FILE", "--backend", "event-loop"],
        ["none.yaml"],
        ["first-look", "--policy", "none"],
        ["--nope"],
    ],
    "compare": [["FILE", "--policy", "knative"], ["first-look"], ["first-look", "--policy", "none"]],
    "sweep": [["FILE", "--vary", "min_size=1,2"], ["first-look", "--vary", "nothing=1"], ["first-look"]],
    "tune": [
        ["FILE", "--slo", "p95 < 1 s"],
        ["first-look", "--slo", "p95"],
        ["first-look", "--slo", "p95 < 1 s", "--vary", "nothing=1,2"],
        ["first-look", "--slo", "p95 < 1 s", "--minimise", "money"],
        ["first-look", "--slo", "p95 < 1 s", "--withstand", "rain"],
        ["first-look", "--slo", "p95 < 1 s", "--check", "none.tf"],
        ["first-look", "--slo", "p95 < 1 s", "--check", "FILE", "--within", "much"],
        ["first-look", "--slo", "p95 < 1 s", "--junit", "x.xml"],
        ["first-look"],
    ],
    "shadow": [["FILE", "--policy", "knative"], ["first-look", "--policy", "none"]],
    "why": [["FILE", "3s"], ["none.json", "3s"]],
    "report": [["FILE"], ["none.json"]],
    "validate": [["--case", "none"], ["--case", "4.1", "--markdown", "none/x.md"]],
    "lesson": [["none"], ["littles-law", "--predict", "many"], ["littles-law", "--scenario", "none/x.yaml"]],
    "import": [
        ["none.csv"],
        ["counts.csv"],
        ["counts.csv", "--format", "none"],
        ["counts.csv", "--top", "0"],
        ["counts.csv", "--arrivals", "x"],
    ],
    "observe": [
        ["./none"],
        ["FILE", "--size", "3 vCPU 1 GB"],
        [".", "--route", "items"],
        ["scenario:none.yaml"],
        ["FILE", "--duration-max", "1s"],
        ["."],
    ],
    "calibrate": [["none.observation.zip"], ["FILE"], ["FILE", "--name", "A B"], ["none.log", "--instances", "2"]],
    "predict": [["none.model.json"], ["FILE"], ["FILE", "--rate", "none"]],
    "verify": [["none.model.json", "--rate", "5"], ["FILE", "--rate", "5"], ["FILE"]],
    "export": [["none"], ["first-look", "--to", "k5"], ["FILE"]],
    "mcp": [["none"], [".", "--time-limit", "none"], [".", "--memory-limit", "1MB"]],
    "init": [["none"]],
    "up": [["none"], ["."]],
    "serve": [["--config", "none.yaml"], ["--port", "70000"]],
    "events": [["--state", "none"]],
    "logs": [["web", "--state", "none"]],
    "audit": [["--state", "none"]],
    "connection": [["approve", "none", "--state", "none"]],
    "iam": [["explain", "none", "apprunner:ListServices"], ["explain", "k", "a:B", "--config", "none.yaml"]],
    "dns": [["check", "none", "--state", "none"], ["add", "shop.example", "A", "none", "--state", "none"]],
    "runtimes": [["build", "PYTHON_312", "--base", "debian:12"], ["build", "GO_1"], ["list", "--tag-prefix", "A B"]],
    "hosts": [["--state", "none"]],
    "fault": [["begin", "none", "--state", "none"], ["list", "--state", "none"], ["end", "none", "--state", "none"]],
    "state": [["export", "x", "--state", "none"], ["import", "none", "--state", "none"]],
    "top": [["http://127.0.0.1:1/", "--once"]],
    "policies": [["template", "none/x.py"]],
    "scenarios": [["--copy-to", "scenario.yaml"]],
    "schema": [["none"]],
    "ca": [["--state", "scenario.yaml"]],
}


@pytest.mark.case("L3", "R7")
def test_the_table_below_has_every_verb() -> None:
    assert set(BAD_INPUT) == set(VERBS)


@pytest.mark.case("L3", "R7")
@pytest.mark.parametrize(
    ("verb", "arguments"), [(verb, arguments) for verb, each in BAD_INPUT.items() for arguments in each]
)
def test_bad_input_is_2_in_every_verb_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "counts.csv").write_text("n\n5\n-1\n")
    bad = scenario_file(tmp_path, "bins: {file: counts.csv, bin: 1s}")
    done = RUN.invoke(app, [verb, *(bad if argument == "FILE" else argument for argument in arguments)])

    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output


@pytest.mark.case("L3")
@pytest.mark.parametrize("verb", [["run"], ["compare", "--policy", "knative"], ["sweep", "--vary", "min_size=1"]])
def test_a_bad_recording_is_named_by_file_line_and_value(tmp_path: Path, verb: list[str]) -> None:
    (tmp_path / "counts.csv").write_bytes(gzip.compress(b"n\n5\n-1\n"))
    name, *options = verb
    done = RUN.invoke(app, [name, scenario_file(tmp_path, "bins: {file: counts.csv, bin: 1s}"), *options])

    assert done.output == f"error: {tmp_path / 'counts.csv'}:3:1: count = -1, must be a count, at least 0\n"


@pytest.mark.case("R7")
@pytest.mark.parametrize(
    ("check", "code"), [("requests >= 0", 0), ("requests < 0", 1), ("p95 < 1e999 s", 2), ("usd < 1e999", 2)]
)
def test_a_check_that_fails_is_1_and_one_without_a_finite_limit_is_bad_input(
    tmp_path: Path, check: str, code: int
) -> None:
    assert RUN.invoke(app, ["run", "-q", scenario_file(tmp_path, check=check)]).exit_code == code


@pytest.mark.case("R7")
@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
@pytest.mark.parametrize("option", ["--json", "--html", "--requests", "--metrics"])
def test_a_full_disk_is_3_in_one_line(tmp_path: Path, option: str) -> None:
    done = RUN.invoke(app, ["run", "-q", scenario_file(tmp_path), option, str(FULL)])

    assert done.exit_code == 3, done.output
    assert os.strerror(errno.ENOSPC) in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.case("R7")
@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
def test_a_full_standard_output_exits_with_3_and_a_closed_one_is_not_a_failed_check() -> None:
    command = [sys.executable, "-m", "simulator", "scenarios"]
    with FULL.open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (3, 1), done.stderr

    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.case("R7")
@pytest.mark.parametrize("verb", ["schema", "scenarios", "policies"])
@pytest.mark.parametrize("error", [AssertionError("odd"), MemoryError(), RecursionError("deep"), KeyError("k")])
def test_an_unexpected_error_exits_with_3_and_says_where_the_details_are(
    monkeypatch: pytest.MonkeyPatch, verb: str, error: Exception
) -> None:
    def breaks() -> None:
        raise error

    monkeypatch.setitem(VERBS, verb, Verb(__name__, "BREAKS"))
    monkeypatch.setattr(sys.modules[__name__], "BREAKS", breaks, raising=False)

    done = RUN.invoke(app, [verb])
    assert done.exit_code == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: the simulator failed: {type(error).__name__}")
    file = Path(line.rpartition("(details in ")[2].removesuffix(")"))
    assert "in breaks" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    file.unlink()

    monkeypatch.setenv(DEBUG_VARIABLE, "1")
    told = RUN.invoke(app, [verb])
    assert (told.exit_code, "in breaks" in told.stderr) == (3, True)


def test_an_interrupt_anywhere_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setitem(VERBS, "schema", Verb(__name__, "BREAKS"))
    monkeypatch.setattr(sys.modules[__name__], "BREAKS", interrupted, raising=False)
    before = signal.getsignal(signal.SIGTERM)

    done = RUN.invoke(app, ["schema"])
    assert (done.exit_code, done.stderr) == (130, "interrupted\n")
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_exit_code_of_a_verb_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaves() -> None:
        raise typer.Exit(7)

    monkeypatch.setitem(VERBS, "schema", Verb(__name__, "BREAKS"))
    monkeypatch.setattr(sys.modules[__name__], "BREAKS", leaves, raising=False)
    assert RUN.invoke(app, ["schema"]).exit_code == 7
