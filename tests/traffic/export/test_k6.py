"""Scripts of k6, read back by the import of k6 scripts, which is another way than that of the export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from simulator.ingest.input_file import InputFile
from simulator.ingest.load.js_literal import literal
from simulator.ingest.load.k6 import k6_plan
from simulator.ingest.load.plan import plan_text
from simulator.scenario.scenario import ScenarioSpec, load_scenario
from simulator.traffic.export.k6 import STAGES_MAX, K6Script, k6_script
from simulator.traffic.shapes.curves import curve_of

BASE = {"version": 1, "services": {"web": {"application": {"simulated": {"cpu": "5ms"}}}}}


def exported(folder: Path, traffic: list[dict[str, Any]], **rest: Any) -> tuple[ScenarioSpec, K6Script]:
    path = folder / "scenario.yaml"
    path.write_text(yaml.safe_dump({**BASE, "duration": "60s", "traffic": traffic, **rest}))
    scenario = load_scenario(path)
    return scenario, k6_script(scenario)


def options_of(script: K6Script) -> dict[str, Any]:
    found: dict[str, Any] = literal(script.text, script.text.index("options = ") + len("options = "))
    return found


def read_back(folder: Path, script: K6Script) -> ScenarioSpec:
    (folder / "script.js").write_text(script.text)
    plan = k6_plan(InputFile(folder / "script.js"))
    (folder / "back.yaml").write_text(plan_text(plan, "back", "script.js", {}))
    return load_scenario(folder / "back.yaml")


RATES = st.integers(0, 200)
STAGE = st.tuples(st.integers(1, 20), RATES)


@given(start=RATES, stages=st.lists(STAGE, min_size=1, max_size=5), begin=st.integers(0, 9))
def test_stages_come_back_with_the_same_requests_at_the_same_times(
    tmp_path_factory: pytest.TempPathFactory, start: int, stages: list[tuple[int, int]], begin: int
) -> None:
    assume(any((start, *(rate for _, rate in stages))))
    folder = tmp_path_factory.mktemp("export")
    shape = {
        "start": f"{start}/s",
        "spacing": "clock",
        "stages": [{"duration": f"{seconds}s", "target": f"{rate}/s"} for seconds, rate in stages],
    }
    source = {"name": "load", "from": f"{begin}s", "stages": shape}
    scenario, script = exported(folder, [source], duration="200s")
    back = read_back(folder, script)

    sent, got = (curve_of(each.traffic[0], each.duration_s) for each in (scenario, back))

    assert got.total == pytest.approx(sent.total)
    due = np.arange(0.0, sent.total - 1e-6, 7.0)
    np.testing.assert_allclose(got.times(due), sent.times(due), atol=1e-6)
    assert script.notes == ()


@pytest.mark.parametrize(
    ("traffic", "executor"),
    [
        (
            {"clock": {"rate": "2.5/s"}},
            {"executor": "constant-arrival-rate", "rate": 150, "timeUnit": "1m", "duration": "60s"},
        ),
        ({"closed": {"users": 7}}, {"executor": "constant-vus", "vus": 7, "duration": "60s"}),
        (
            {"closed": {"users": 2, "stages": [{"duration": "20s", "target": 9}]}},
            {
                "executor": "ramping-vus",
                "startVUs": 2,
                "stages": [{"duration": "20s", "target": 9}, {"duration": "40s", "target": 9}],
            },
        ),
        (
            {"closed": {"users": 3, "shared_iterations": 40}},
            {"executor": "shared-iterations", "vus": 3, "iterations": 40, "maxDuration": "60s"},
        ),
        ({"at_once": {"requests": 50, "at": "5s"}}, {"executor": "per-vu-iterations", "vus": 50, "startTime": "5s"}),
    ],
)
def test_each_shape_has_an_executor(tmp_path: Path, traffic: dict[str, Any], executor: dict[str, Any]) -> None:
    _, script = exported(tmp_path, [{"name": "load", **traffic}])

    found = options_of(script)["scenarios"]["load"]
    assert {key: found[key] for key in executor} == executor
    assert found["exec"] == "send_load"


def test_arrivals_at_random_are_named_as_a_difference(tmp_path: Path) -> None:
    _, script = exported(tmp_path, [{"name": "load", "poisson": {"rate": "5/s"}}])

    assert script.notes == ("load: arrivals at random become arrivals at equal intervals, the only ones of k6",)


def test_requests_by_weight_sessions_and_checks_are_written(tmp_path: Path) -> None:
    by_weight = {
        "name": "mix",
        "clock": {"rate": "5/s"},
        "requests": [{"path": "/a", "weight": 3}, {"path": "/b", "method": "POST", "body": "x"}],
    }
    session = {
        "name": "users",
        "closed": {"users": 2, "think_time": {"exponential": "2s"}},
        "session": [{"path": "/login", "think_time": "500ms"}, {"path": "/cart"}],
    }
    checks = ["p95 < 500 ms", "error_rate < 1 %", "rejected_ratio < 2 %", "p99{path:/a} < 1 s"]
    _, script = exported(tmp_path, [by_weight, session], checks=checks)

    assert options_of(script)["thresholds"] == {"http_req_duration": ["p(95)<500"], "http_req_failed": ["rate<0.01"]}
    assert "the check `rejected_ratio < 2 %` has no threshold of k6" in script.notes
    assert "the check `p99{path:/a} < 1 s` has no threshold of k6" in script.notes
    assert 'if (chosen < 0.75) {\n    http.request("GET", BASE_URL + "/a");' in script.text
    assert 'http.request("POST", BASE_URL + "/b", "x");' in script.text
    login, pause = script.text.index('"/login"'), script.text.index("sleep(0.5)")
    assert login < pause < script.text.index('"/cart"') < script.text.index("Math.log(1 - Math.random())")


def test_a_recording_has_the_requests_of_each_second(tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text("time\n" + "".join(f"{second}\n" for second in (0, 0.5, 0.9, 2.1, 2.2)))
    trace = {"file": "trace.csv", "format": "seconds"}
    _, script = exported(tmp_path, [{"name": "load", "from": "4s", "trace": trace}])

    back = read_back(tmp_path, script)

    counts = np.diff([curve_of(back.traffic[0], end).total for end in (4.0, 5.0, 6.0, 7.0)], prepend=0)
    np.testing.assert_allclose(counts, [0, 3, 0, 2])


def test_many_changes_are_sent_as_means_with_the_same_sum(tmp_path: Path) -> None:
    counts = [index % 7 for index in range(2 * STAGES_MAX + 100)]
    (tmp_path / "counts.csv").write_text("n\n" + "".join(f"{count}\n" for count in counts))
    source = {"name": "load", "bins": {"file": "counts.csv", "bin": "1s", "arrivals": "smooth"}}
    _, script = exported(tmp_path, [source], duration=f"{len(counts)}s")

    back = read_back(tmp_path, script)

    assert curve_of(back.traffic[0], back.duration_s).total == pytest.approx(sum(counts), rel=0.01)
    assert any("changes of the rate are more than" in note for note in script.notes)


def test_sources_with_similar_names_are_both_sent(tmp_path: Path) -> None:
    _, script = exported(tmp_path, [{"name": name, "clock": {"rate": "5/s"}} for name in ("a-b", "a.b")])

    scenarios = options_of(script)["scenarios"]
    assert list(scenarios) == ["a_b", "a_b_"]
    assert all(f"export function {each['exec']}()" in script.text for each in scenarios.values())


def test_what_the_script_does_not_have_is_named(tmp_path: Path) -> None:
    states = {"states": [{"rate": "1/s", "stay": "5s"}, {"rate": "9/s", "stay": "1s"}]}
    bursts = {"name": "bursts", "mmpp": states, "addresses": "198.51.100.0/24"}
    staff = {"name": "staff", "closed": {"users": 2, "think_time": "1s"}}
    _, script = exported(tmp_path, [bursts, staff])

    assert script.notes == (
        "bursts: k6 has no random states: the mean rate is sent",
        "bursts: requests come from the address of k6, not from those of the source",
        "staff: users of k6 begin with a request, not with a think time",
    )
