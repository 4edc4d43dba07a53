"""`simulator tune --check`: its options, and where the result goes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from simulator.cli.lab.tune_check import current_setting, report_check, share_of
from simulator.cli.lab.tune_options import TuneUseOptions
from simulator.lab.compare.comparison import EstimatePart
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.result import CurrentCheckPart
from simulator.lab.tune.slo import parse_slo
from simulator.scenario.problems import ScenarioError
from tests.lab.scenario_files import small_scenario
from tests.lab.tune.results import result, setting

CHECK = CurrentCheckPart(
    text="Today's setting holds.",
    current=setting(100.0, max_concurrency=10),
    share=0.9,
    holds=True,
    within=0.05,
    more=EstimatePart(mean=0.4, low=0.3, high=0.5),
    is_near=False,
    passed=False,
)


@pytest.fixture(name="plan")
def _plan(tmp_path: Path) -> TunePlan:
    return TunePlan([small_scenario(tmp_path)], parse_slo("p95 < 300 ms"), vary=["max_concurrency=10,20"])


def test_the_setting_is_read_from_the_files(plan: TunePlan, tmp_path: Path) -> None:
    found = current_setting(plan, TuneUseOptions(check=[tmp_path / "small.yaml"], within="10 %"))
    assert found is not None
    assert found.within == pytest.approx(0.1)
    assert found.changes["services.web.max_size"] == 3
    assert current_setting(plan, TuneUseOptions()) is None


def test_junit_needs_a_check(plan: TunePlan) -> None:
    with pytest.raises(ValueError, match=r"junit = 'x\.xml', must be given with --check"):
        current_setting(plan, TuneUseOptions(junit=Path("x.xml")))


def test_an_impossible_setting_is_found_before_the_runs(plan: TunePlan, tmp_path: Path) -> None:
    file = tmp_path / "main.tf"
    file.write_text('resource "aws_apprunner_service" "s" {\n  cpu = "256"\n  memory = "8 GB"\n}\n', encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"memory = 8 GB, must be 0\.5 GB, 1 GB with 0\.25 vCPU"):
        current_setting(plan, TuneUseOptions(check=[file]))


@pytest.mark.parametrize("text", ["0 %", "100 %", "much"])
def test_a_share_is_between_0_and_100_percent(text: str) -> None:
    with pytest.raises(ValueError, match=r"within = "):
        share_of("within", text)


def test_the_check_is_printed_written_and_summarised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary, junit = tmp_path / "summary.md", io.StringIO()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    report_check(result(check=CHECK), junit)
    assert capsys.readouterr().out == "FAILED Today's setting holds.\n"
    assert "usd within 5 % of the best" in junit.getvalue()
    assert summary.read_text(encoding="utf-8").startswith("### shop: today's setting **FAILED**\n")
