"""`--measured-service-time`: the scenario with measured service times, and which files cannot have them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.front import run_service_times
from simulator.cli.front.run_service_times import MeasuredFile, compared
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.report.service_times.part import MeasuredLawPart, ServiceTimesPart
from simulator.scenario.scenario import load_scenario, read_scenario
from tests.report.fake_run import fake_run
from tests.report.service_times.test_notes import REJECTED, route

RUN = CliRunner()
SCENARIO = """
duration: 1s
services:
  shop:
    application:
      process: {command: "true"}
      simulated: {io: 103ms}  # measured last year
traffic: [{clock: {rate: 1/s}}]
"""
LAW = MeasuredLawPart(service="shop", setting=["application", "simulated", "io"], yaml="136ms")


def part(*laws: MeasuredLawPart) -> ServiceTimesPart:
    return ServiceTimesPart(routes=[route("", 0.1, 0.1)], rejected=[REJECTED], laws=list(laws), no_law={})


@pytest.mark.parametrize(
    ("times", "text", "said"),
    [
        (part(LAW), SCENARIO.replace("103ms", "136ms"), "with measured services.shop.application.simulated.io"),
        (part(), SCENARIO, "unchanged, because no service time differs by more than chance"),
        (None, SCENARIO, "unchanged, because nothing could be compared"),
        (
            part().model_copy(update={"no_law": {"shop": "the timeline deploys another application"}}),
            SCENARIO,
            "unchanged, because shop: the timeline deploys another application",
        ),
    ],
)
def test_the_file_has_the_measured_times_and_standard_error_says_which(
    times: ServiceTimesPart | None, text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    stream = io.StringIO()
    report = build_report(fake_run()).model_copy(update={"service_times": times})
    MeasuredFile(Path("new.yaml"), load_scenario(tmp_path / "s.yaml"), stream).write(report)
    assert stream.getvalue() == text
    assert capsys.readouterr().err == f"new.yaml: the scenario {said}\n"


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        (SCENARIO, ["new.yaml"], "measured-service-time = given, must come with --clock real"),
        (SCENARIO, ["no/new.yaml", "--clock", "real"], "must be in the folder of the scenario file"),
        (SCENARIO, ["s.yaml", "--clock", "real"], "must be a file of its own"),
        (
            SCENARIO.replace('process: {command: "true"}', ""),
            ["new.yaml", "--clock", "real"],
            "must come with a service that has a real and a simulated application",
        ),
        (
            SCENARIO.replace("application:\n", "application: &it\n") + "  # \n",
            ["../new.yaml", "--clock", "real"],
            "simulator scenarios --copy-to FOLDER",
        ),
    ],
)
def test_a_file_that_cannot_be_written_is_bad_input_before_the_run(
    text: str, arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(text, encoding="utf-8")
    done = RUN.invoke(app, ["run", "s.yaml", "--measured-service-time", *arguments])
    assert done.exit_code == 2, done.output
    assert said in " ".join(done.stderr.split())
    assert not Path("new.yaml").exists()


def test_an_application_that_stands_elsewhere_in_the_file_is_to_be_set_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    second = SCENARIO.replace("application:\n", "application: &it\n").replace(
        "traffic: [{clock", "  copy: {application: *it}\ntraffic: [{service: shop, clock"
    )
    Path("s.yaml").write_text(second, encoding="utf-8")
    done = RUN.invoke(app, ["run", "s.yaml", "--clock", "real", "--measured-service-time", "new.yaml"])
    assert done.exit_code == 2
    assert "services.copy.application is an alias" in " ".join(done.stderr.split())


@pytest.mark.parametrize(("quiet", "said"), [(False, ["comparing service times with virtual time"]), (True, [])])
def test_an_interrupted_comparison_leaves_the_report_as_it_is(
    quiet: bool, said: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> Report:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_service_times, "with_service_times", interrupted)
    record = fake_run()
    report = build_report(record)
    assert compared(report, record, read_scenario(SCENARIO), is_touched=False, quiet=quiet) is report
    lines = capsys.readouterr().err.splitlines()
    assert lines == [*said, "interrupted: the report does not compare service times"]
