"""`simulator run`: exit codes, files, and errors for bad files."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app

RUN = CliRunner()
SCENARIO = """
duration: 20s
services:
  web:
    max_concurrency: 2
    max_size: 1
    application: {simulated: {io: 100ms}}
traffic:
  - clock: {rate: 10/s}
checks:
  - p95 < LIMIT
"""


def scenario(folder: Path, limit: str = "150ms", text: str = SCENARIO) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(text.replace("LIMIT", limit), encoding="utf-8")
    return path


def test_passing_checks_exit_with_0(tmp_path: Path) -> None:
    done = RUN.invoke(app, ["run", str(scenario(tmp_path))])
    assert done.exit_code == 0, done.output
    assert "200 requests: 200 served" in done.output


def test_a_failed_check_exits_with_1_and_is_named(tmp_path: Path) -> None:
    done = RUN.invoke(app, ["run", str(scenario(tmp_path, "50ms")), "--quiet"])
    assert done.exit_code == 1
    assert "p95 < 50ms" in done.output
    assert "FAILED" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.yaml"], "no scenario named 'nowhere.yaml'"),
        (["first-look", "--policy", "nonsense"], "must be one of app-runner"),
        (["first-look", "--policy", "knatve"], "did you mean `knative`?"),
        (["first-look", "--backend", "compild"], "did you mean `compiled`?"),
        (["first-look", "--assumptions", "--clock", "real"], "assumptions = given, must be left out in real time"),
        (["flash-sail"], "did you mean `flash-sale`?"),
        (["first-look", "--json", "no/such/folder/out.json"], "cannot be written"),
    ],
)
def test_bad_input_exits_with_2_and_one_clear_line(arguments: list[str], said: str) -> None:
    done = RUN.invoke(app, ["run", *arguments])
    assert done.exit_code == 2
    assert said in done.stderr


def test_an_unknown_verb_gets_the_nearest_one() -> None:
    done = RUN.invoke(app, ["rn"])
    assert done.exit_code == 2
    assert done.stderr == "error: no such command: rn\nhint: did you mean `run`?\n"


def test_all_errors_of_a_bad_file_are_reported_at_once(tmp_path: Path) -> None:
    text = SCENARIO.replace("duration: 20s", "duration: 20").replace("max_concurrency", "max_concurency")
    done = RUN.invoke(app, ["run", str(scenario(tmp_path, text=text))])
    assert done.exit_code == 2
    assert "tiny.yaml:2:1: duration = 20" in done.stderr
    assert "did you mean `max_concurrency`?" in done.stderr


def test_a_scenario_without_a_simulated_application_cannot_run_in_virtual_time(tmp_path: Path) -> None:
    text = SCENARIO.replace("simulated: {io: 100ms}", "process: {command: python app.py}")
    done = RUN.invoke(app, ["run", str(scenario(tmp_path, text=text))])
    assert done.exit_code == 2
    assert "virtual time runs nothing real" in done.stderr


def test_a_process_that_exits_at_once_ends_the_run_with_3_and_its_output(tmp_path: Path) -> None:
    text = SCENARIO.replace(
        "simulated: {io: 100ms}", """process: {command: [python, -c, "raise SystemExit('no database')"]}"""
    )
    done = RUN.invoke(
        app, ["run", str(scenario(tmp_path, text=text)), "--clock", "real", "--state", str(tmp_path / "state")]
    )
    assert done.exit_code == 3, done.output
    assert "Container exit code: 1" in done.stderr
    assert "no database" in done.stderr


def test_assumptions_are_a_part_of_the_report_with_the_same_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # in this process
    # Nothing scales, so two assumptions are left: whether a rejected request could wait, and the time for draining.
    fixed = SCENARIO.replace("max_size: 1", "max_size: 1\n    policy: fixed\n    balancing: random")
    files = [tmp_path / "plain.json", tmp_path / "with.json"]
    path = str(scenario(tmp_path, text=fixed))
    plain = RUN.invoke(app, ["run", path, "--json", str(files[0])])
    done = RUN.invoke(app, ["run", path, "--json", str(files[1]), "--assumptions"])
    assert plain.exit_code == done.exit_code == 0, done.output
    before, after = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    part = after.pop("assumptions")
    assert after == before
    assert [each["setting"] for each in part["ranked"]] == ["overflow", "drain_timeout"]
    assert part["runs"] == 5
    assert "drain_timeout (2m00s to 30s)." in done.stdout
    assert "assumptions: 5 runs in " in done.stderr
    again = RUN.invoke(app, ["report", str(files[1])])
    assert "drain_timeout (2m00s to 30s)." in again.stdout
    quiet = RUN.invoke(app, ["run", path, "--assumptions", "--quiet"])
    assert "drain_timeout" not in quiet.stdout + quiet.stderr


def test_json_to_standard_output_is_the_document_alone(tmp_path: Path) -> None:
    done = RUN.invoke(app, ["run", str(scenario(tmp_path)), "--json", "-"])
    assert json.loads(done.stdout)["requests"]["by_status"] == {"200": 200}


@pytest.mark.case("X8f")
def test_a_scenario_is_read_from_standard_input_and_its_data_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "counts.csv").write_text("n\n3\n4\n")
    text = SCENARIO.replace("clock: {rate: 10/s}", "bins: {file: counts.csv, bin: 1s}").replace("LIMIT", "150ms")
    done = RUN.invoke(app, ["run", "-", "--json", "-"], input=text)
    report = json.loads(done.stdout)
    assert (report["scenario"]["name"], report["requests"]["by_status"]) == ("stdin", {"200": 7})

    bad = RUN.invoke(app, ["run", "-"], input=text.replace("duration", "duratoin"))
    assert (bad.exit_code, bad.stdout) == (2, "")
    assert "error: stdin:2:1: duratoin = 20s" in bad.stderr


@pytest.mark.case("X8f")
@pytest.mark.parametrize("verb", [["compare", "--policy", "knative"], ["sweep", "--vary", "min_size=1"]])
def test_a_verb_that_reads_a_scenario_twice_rejects_standard_input(verb: list[str]) -> None:
    name, *options = verb
    done = RUN.invoke(app, [name, "-", *options], input=SCENARIO)
    assert (done.exit_code, done.stderr.splitlines()[0]) == (
        2,
        "error: scenario = '-', must be a file: it is read again for each run",
    )


def test_the_seed_option_replaces_the_seed(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    RUN.invoke(app, ["run", str(scenario(tmp_path)), "--seed", "77", "--json", str(out)])
    assert json.loads(out.read_text())["run"]["seed"] == 77


def test_every_request_has_a_row(tmp_path: Path) -> None:
    out = tmp_path / "rows.csv"
    RUN.invoke(app, ["run", str(scenario(tmp_path)), "--requests", str(out)])
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 200
    assert {row["status"] for row in rows} == {"200"}
    assert float(rows[0]["latency_s"]) > 0.1  # it wakes an idle instance
    assert float(rows[1]["latency_s"]) == pytest.approx(0.1)


@pytest.mark.case("X8g")
def test_ctrl_c_ends_the_run_cleanly_with_the_report_so_far(tmp_path: Path) -> None:
    """A day at 2,000 requests/s takes minutes, so a signal after the first line of output is long before the end."""
    text = SCENARIO.replace("20s", "24h").replace("10/s", "2000/s")
    command = [
        sys.executable,
        "-u",
        "-m",
        "simulator",
        "run",
        str(scenario(tmp_path, text=text)),
        "--backend",
        "event-loop",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        first = run.stderr.readline()  # progress: the run has begun
        run.send_signal(signal.SIGINT)
        rest = run.stdout.read()
        assert run.wait(timeout=60) == 130
    assert "offered" in first
    assert "Interrupted: the planned duration was 24h00m00s" in rest
    assert "checks" in rest
    assert "offered" not in rest.partition("tiny")[0]


def test_the_shipped_scenarios_are_listed_and_copied(tmp_path: Path) -> None:
    listed = RUN.invoke(app, ["scenarios"])
    assert "first-look" in listed.output
    copied = RUN.invoke(app, ["scenarios", "--copy-to", str(tmp_path / "mine")])
    assert copied.exit_code == 0
    assert RUN.invoke(app, ["run", str(tmp_path / "mine" / "first-look.yaml"), "-q"]).exit_code == 0
    assert RUN.invoke(app, ["scenarios", "--copy-to", str(tmp_path / "mine")]).exit_code == 2


def test_the_schemas_are_printed() -> None:
    assert "max_concurrency" in RUN.invoke(app, ["schema"]).output
    assert "digest" in RUN.invoke(app, ["schema", "report"]).output


FAILING = """
class Failing:
    def decide(self, observation):
        return 1 / 0 if observation.now_s == 7 else 1
"""


@pytest.mark.parametrize("backend", ["event-loop", pytest.param("compiled", marks=pytest.mark.slow)])
def test_a_failing_user_policy_ends_the_run_unless_configured_otherwise(tmp_path: Path, backend: str) -> None:
    policy, report = tmp_path / "mine.py", tmp_path / "report.json"
    policy.write_text(FAILING, encoding="utf-8")
    command = ["run", str(scenario(tmp_path)), "--quiet", "--backend", backend, "--policy", f"{policy}:Failing"]
    told = (
        "policy Failing raised ZeroDivisionError: division by zero (mine.py, line 4), at tick 7, 7 s; inputs now_s=7.0"
    )

    stopped = RUN.invoke(app, command)
    assert stopped.exit_code == 3
    assert told in stopped.stderr

    went_on = RUN.invoke(app, [*command, "--on-policy-error", "hold", "--json", str(report)])
    assert went_on.exit_code == 0, went_on.output
    lines = [event["line"] for event in json.loads(report.read_text(encoding="utf-8"))["services"][0]["events"]]
    assert [line for line in lines if told in line and "the desired count stays as it is" in line]


@pytest.mark.case("L66")
@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "first-look", "--seed", "1_0"],
        ["run", "first-look", "--seed", "٣"],
        ["run", "first-look", "--trace-sampling", "nan"],
        ["compare", "first-look", "--policy", "configured", "--seeds", "1_0"],
        ["sweep", "first-look", "--vary", "max_size=1,2", "--out", "o.csv", "--workers", "1_0"],
        ["logs", "--last", "1_0"],
    ],
)
def test_an_option_that_is_a_number_is_written_in_digits(arguments: list[str]) -> None:
    done = RUN.invoke(app, arguments)
    assert done.exit_code == 2
    assert f"'{arguments[-1]}' is not a number" in done.output
