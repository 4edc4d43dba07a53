from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.scenario.scenario import load_scenario
from simulator.scenario.sections.shape_spec import MmppSpec
from simulator.world.random_streams import RandomStreams
from tests.ingest.dataset_files import Invocation, azure_2021

RUN = CliRunner()


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    rows = [Invocation("a", "f", 1.0 + at, 0.1) for at in range(20)] + [Invocation("b", "g", 3.0, 0.1)]
    return str(azure_2021(tmp_path / "trace.csv", rows))


def test_the_scenario_runs_and_the_summary_says_what_was_done(trace: str) -> None:
    done = RUN.invoke(app, ["import", trace, "--out", "mine.yaml"])

    assert done.exit_code == 0, done.output
    for text in ("read    21 requests in", "kept    function-f: 20 requests", "dropped 1 other functions: b/g (1)"):
        assert text in done.output
    assert "next    simulator run mine.yaml" in done.output
    played = RUN.invoke(app, ["run", "mine.yaml", "-q"])
    assert played.exit_code == 0, played.output


def test_existing_files_are_kept_without_force(trace: str) -> None:
    Path("imported.csv").write_text("mine\n")

    refused = RUN.invoke(app, ["import", trace])
    assert refused.exit_code == 2
    assert "imported.csv exists already; --force overwrites it" in refused.output
    assert Path("imported.csv").read_text() == "mine\n"
    assert not Path("imported.yaml").exists()

    assert RUN.invoke(app, ["import", trace, "--force", "-q"]).exit_code == 0
    assert Path("imported.csv").read_text().startswith("time_s,duration_s\n")


def test_an_input_is_no_output(trace: str) -> None:
    done = RUN.invoke(app, ["import", trace, "--out", "trace.yaml", "--force"])

    assert done.exit_code == 2
    assert "it is an input" in done.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--top", "2", "--all"], "--function, --top and --all exclude each other"),
        (["--for", "0s"], "--for = 0s, must be at least 1s"),
        (["--skip", "soon"], "--skip = "),
        (["--format", "azure"], "--format = 'azure', must be one of"),
        (["--function", "zzz"], "--function = 'zzz'"),
    ],
)
def test_bad_options_are_named(trace: str, options: list[str], message: str) -> None:
    done = RUN.invoke(app, ["import", trace, *options])

    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


def test_settings_of_the_service_are_those_of_the_scenario(trace: str) -> None:
    scaling = {"AutoScalingConfiguration": {"MaxConcurrency": 40, "MinSize": 2, "MaxSize": 9}}
    Path("scaling.json").write_text(json.dumps(scaling))

    done = RUN.invoke(app, ["import", trace, "scaling.json", "--out", "mine.yaml"])

    assert done.exit_code == 0, done.output
    assert "settings of the service: max_concurrency 40, min_size 2, max_size 9" in done.output
    (service,) = load_scenario(Path("mine.yaml")).services.values()
    assert (service.max_concurrency, service.min_size, service.max_size) == (40, 2, 9)


def test_settings_without_a_recording_are_not_enough(trace: str) -> None:
    Path("scaling.json").write_text(json.dumps({"AutoScalingConfiguration": {"MaxConcurrency": 40}}))

    done = RUN.invoke(app, ["import", "scaling.json"])

    assert done.exit_code == 2
    assert "give a recording of its traffic too" in done.output


def log_of_bursts(path: Path) -> str:
    """Write an access log of half an hour: 5/s, and 60/s for every fifth ten seconds, at random times."""
    stream = RandomStreams(1).stream("log")
    busy = stream.random(180) < 0.2
    times = [
        at_s
        for place, is_busy in enumerate(busy)
        for at_s in sorted(10 * place + 10 * stream.random(stream.poisson(600 if is_busy else 50)))
    ]
    path.write_text(
        "".join(
            f"x - - [02/Mar/2026:10:{int(at_s // 60):02d}:{int(at_s % 60):02d} +0000] "
            f'"GET /{"cart" if number % 4 else "shop"} HTTP/1.1" 200 9 0.005\n'
            for number, at_s in enumerate(times)
        )
    )
    return str(path)


def test_bursts_become_two_states_with_the_mix_of_routes_and_no_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ruptures")
    monkeypatch.chdir(tmp_path)

    done = RUN.invoke(app, ["import", log_of_bursts(tmp_path / "a.log"), "--arrivals", "auto", "--out", "mine.yaml"])

    assert done.exit_code == 0, done.output
    assert "as an MMPP with two states, because they come in bursts: " in done.output
    assert not Path("mine.csv").exists()
    (source,) = load_scenario(Path("mine.yaml")).traffic
    assert isinstance(source.shape, MmppSpec)
    assert [state.rate_rps for state in source.shape.states] == pytest.approx([5.0, 60.0], rel=0.15)
    assert {each.path: each.weight for each in source.requests} == pytest.approx(
        {"/cart": 0.75, "/shop": 0.25}, abs=0.01
    )


@pytest.mark.parametrize(
    ("arrivals", "message"),
    [("poison", "'poison', must be one of replay, poisson, mmpp, auto"), ("mmpp", "must fit the recording")],
)
def test_a_model_that_does_not_exist_or_fit_is_an_error(trace: str, arrivals: str, message: str) -> None:
    pytest.importorskip("ruptures")
    done = RUN.invoke(app, ["import", trace, "--arrivals", arrivals])

    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--arrivals", "auto"], "load.js is a load script: --skip, --for, --arrivals"),
        (["--top", "3"], "load.js is a load script"),
        (["--time-zone", "UTC"], "load.js is a load script"),
        (["--format", "k6-json", "--users", "3"], "--format = 'k6-json' is recorded traffic: --users, --spawn-rate"),
    ],
)
def test_options_that_do_not_fit_the_file_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("load.js").write_text(
        "import http from 'k6/http';\nexport const options = { vus: 1, duration: '9s' };\n"
        "export default function () { http.get('http://x/a'); }\n"
    )
    done = RUN.invoke(app, ["import", "load.js", *options])

    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


def test_paths_and_queries_are_kept_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    line = '203.0.113.9 - ann [02/Mar/2026:10:00:00 +0000] "GET /users/17?mail=ann@example.org HTTP/1.1" 200 9\n'
    Path("access.log").write_text(line * 5)

    for options, path in ([], "/users/{id}"), (["--exact-paths", "--force"], "/users/17?mail=ann@example.org"):
        done = RUN.invoke(app, ["import", "access.log", "--out", "mine.yaml", *options])

        assert done.exit_code == 0, done.output
        (request,) = load_scenario(Path("mine.yaml")).traffic[0].requests
        assert request.path == path
        assert ("dropped addresses, users, queries, referers" in done.output) is (not options)
        assert "203.0.113.9" not in Path("mine.yaml").read_text()


def test_a_file_that_is_given_twice_is_an_error(trace: str) -> None:
    done = RUN.invoke(app, ["import", trace, str(Path(trace).parent / "." / Path(trace).name)])

    assert done.exit_code == 2
    assert "is given twice: its requests would count twice" in " ".join(done.output.split())
