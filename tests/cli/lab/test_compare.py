"""`simulator compare`: exit codes, files, and errors for bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from tests.lab.compare.compare_scenarios import step

RUN = CliRunner()
FEW = ["--policy", "configured", "--policy", "fixed", "--seeds", "2", "--workers", "1", "--no-oracle"]


def test_a_comparison_is_printed_and_written(tmp_path: Path) -> None:
    out = {suffix: tmp_path / f"out.{suffix}" for suffix in ("json", "csv", "parquet", "html", "markdown")}
    files = [part for suffix, path in out.items() for part in (f"--{suffix}", str(path))]
    done = RUN.invoke(app, ["compare", str(step(tmp_path)), *FEW, *files])
    assert done.exit_code == 0, done.output
    assert "step: requests, 2 seeds (n = 2: no interval), SLO 1 s" in done.stdout
    assert "step: difference from configured" in done.stdout
    document = json.loads(out["json"].read_text(encoding="utf-8"))
    assert document["baseline"] == "configured"
    answer = document["cases"][0]["answer"]
    assert done.stdout.startswith(f"step: {answer['headline']}\n")
    assert "Two runs of each give no interval" in done.stdout
    assert out["markdown"].read_text(encoding="utf-8").startswith("### step\n")
    assert all(path.stat().st_size > 0 for path in out.values())


def test_the_objective_decides_the_order_and_a_step_gets_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    file, orders = tmp_path / "out.json", set()
    for objective in ("latency_p95_s", "month_usd"):
        asked = ["compare", str(step(tmp_path)), *FEW, "--objective", objective, "--json", str(file)]
        assert RUN.invoke(app, asked).exit_code == 0
        (case,) = json.loads(file.read_text(encoding="utf-8"))["cases"]
        sums = {row["candidate"]: (bool(row["failing"]), sum(row["values"][objective])) for row in case["rows"]}
        order = [rank["alternative"] for rank in case["answer"]["ranking"]]
        assert order == sorted(sums, key=lambda name: sums[name])
        orders.add(tuple(order))
    assert len(orders) == 2
    assert summary.read_text(encoding="utf-8").count("### step") == 2


def test_the_guard_fails_exactly_when_figures_became_worse(tmp_path: Path) -> None:
    file, former = step(tmp_path), tmp_path / "former.json"
    asked = ["compare", str(file), *FEW]
    assert RUN.invoke(app, [*asked, "--json", str(former)]).exit_code == 0
    same = RUN.invoke(app, [*asked, "--fail-if-worse-than", str(former)])
    assert same.exit_code == 0, same.output
    assert "none of 12 figures is worse" in same.stderr
    file.write_text(file.read_text(encoding="utf-8").replace("max_concurrency: 4", "max_concurrency: 3"))
    worse = RUN.invoke(app, [*asked, "--fail-if-worse-than", str(former)])
    assert worse.exit_code == 1
    assert "worse: step: fixed: error rate = " in worse.stderr


def test_a_run_that_fails_ends_with_3_and_the_policys_own_error(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("class Bad:\n    def decide(self, observation):\n        return 1 / 0\n", encoding="utf-8")
    done = RUN.invoke(app, ["compare", str(step(tmp_path)), *FEW, "--policy", f"{bad}:Bad"])
    assert done.exit_code == 3
    assert "failed: Bad on step, seed 3: policy Bad raised ZeroDivisionError" in done.stderr
    held = RUN.invoke(
        app, ["compare", str(step(tmp_path)), *FEW, "--policy", f"{bad}:Bad", "--on-policy-error", "hold"]
    )
    assert held.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "compare = nothing"),
        (["--policy", "nonsense"], "policy = 'nonsense', must be one of app-runner"),
        (["--platform", "beanstalk"], "platform = 'beanstalk', must be one of app-runner"),
        (["--policy", "nowhere.py:Mine"], "must name a file that can be read"),
        (["--policy", "configured", "--baseline", "x"], "baseline = 'x', must be one of configured"),
        (["--policy", "configured", "--objective", "p95"], "objective = 'p95', must be one of score"),
        (["--policy", "configured", "--slo", "fast"], "'fast' is not a duration"),
        (["--policy", "configured", "--backend", "third"], "backend = 'third', must be one of auto"),
        (["--policy", "configured", "--fail-if-worse-than", "nowhere.json"], "must be a file that can be read"),
        (["--platform", "lambda", "--prices", "nowhere.yaml"], "prices = 'nowhere.yaml', must be a file"),
    ],
)
def test_bad_input_exits_with_2_and_one_clear_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = RUN.invoke(app, ["compare", str(step(tmp_path)), *arguments])
    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_verbose_comparison_prints_a_line_for_every_run_on_standard_error(tmp_path: Path) -> None:
    arguments = ["compare", str(step(tmp_path)), *FEW]
    plain, verbose = (RUN.invoke(app, [*arguments, *more]) for more in ([], ["--verbose"]))
    assert (plain.exit_code, verbose.exit_code) == (0, 0)
    added = set(verbose.stderr.splitlines()) - set(plain.stderr.splitlines())
    expected = {f"step, {policy}, seed {seed}: web: requests" for policy in ("configured", "fixed") for seed in (3, 4)}
    assert {line.rsplit(" requests", 1)[0] + " requests" for line in added} == expected
    assert verbose.stdout == plain.stdout


def test_an_earlier_comparison_of_another_version_names_both_versions_and_the_way_out(tmp_path: Path) -> None:
    former = tmp_path / "former.json"
    former.write_text('{"comparison_version": 2, "simulator": "0.1.0"}', encoding="utf-8")
    done = RUN.invoke(app, ["compare", str(step(tmp_path)), *FEW, "--fail-if-worse-than", str(former)])
    assert done.exit_code == 2
    assert "comparison_version = 2, must be 3 (written by simulator 0.1.0; this is simulator " in done.stderr
    assert "hint: make the comparison again, or read it with simulator 0.1.0" in done.stderr
