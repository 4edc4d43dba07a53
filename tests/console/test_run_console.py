from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.console.run_console import RunConsole
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.scenario.scenario import load_scenario
from simulator.scenario.shipped import shipped_scenarios
from simulator.world.clock import wall_s
from simulator.world.playback import Playback
from tests.console.watched import Watched, scenario_of, watched

HOURS = """
duration: 10h
services:
  web:
    max_concurrency: 4
    min_size: 2
    max_size: 6
    policy: {name: fixed, instances: 2}
    application: {simulated: {start_up: 1s, io: 200ms}}
traffic:
  - {name: people, clock: {rate: 20/s}}
"""


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Watched]:
    with watched(scenario_of(HOURS, tmp_path), speed=5.0) as running:
        yield running


def web(frame: dict[str, Any]) -> dict[str, Any]:
    service: dict[str, Any] = frame["services"]["web"]
    return service


def test_watching_a_run_does_not_change_its_report() -> None:
    scenario = load_scenario(shipped_scenarios()["first-look"])
    plain = build_report(play(Run(scenario), signals=False))
    with watched(scenario, speed=60.0) as case:
        frames = sum(kind == "frame" for kind, _ in until_the_end(case))
        assert case.ended.wait(60)
    assert case.report is not None
    assert case.report.digest == plain.digest
    assert frames >= 3  # at least a second of wall-clock time, at ten frames per second on an idle machine


def until_the_end(case: Watched) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind, data in case.events():
        yield kind, data
        if kind == "ended":
            return


def test_the_run_starts_with_the_first_page(case: Watched) -> None:
    first = case.until("frame")
    assert first["t"] < 5.0  # of ten hours
    assert case.until("frame", lambda frame: frame["t"] > first["t"])["state"] == "playing"


def test_the_feed_has_traffic_instances_and_a_sample_of_requests(case: Watched) -> None:
    frame = case.until("frame", lambda one: web(one)["dots"] and one["t"] > 6)
    service = web(frame)
    assert service["offered_rps"] == pytest.approx(20, abs=1)
    assert service["in_flight"] == pytest.approx(4, abs=1)  # Little: 20/s x 0.2 s
    assert service["provisioned"] == 2
    assert len(service["i"]["s"]) == len(service["i"]["o"]) == 2
    assert all(dot[0] in {1, 2} and dot[4] == 200 for dot in service["dots"])


def test_the_first_frame_is_complete_and_later_ones_have_changes_only(case: Watched) -> None:
    frames = [data for kind, data in zip_until(case, 8) if kind == "frame"]
    assert web(frames[0])["i"]["n"] == [1, 2]
    assert "n" not in web(frames[-1])["i"]


def zip_until(case: Watched, frames: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind, data in case.events():
        yield kind, data
        frames -= kind == "frame"
        if not frames:
            return


def test_pause_stops_time_and_play_resumes_it(case: Watched) -> None:
    case.until("frame", lambda frame: frame["t"] > 1)
    assert case.act(act="clock", do="pause") == (200, {"said": "paused"})
    stood = case.until("frame", lambda frame: frame["state"] == "paused")["t"]
    assert [data["t"] for kind, data in zip_until(case, 4) if kind == "frame"] == [stood] * 4
    case.act(act="clock", do="play")
    assert case.until("frame", lambda frame: frame["t"] > stood)["state"] == "playing"


def test_a_step_has_the_requested_length(case: Watched) -> None:
    case.until("frame", lambda frame: frame["t"] > 1)
    case.act(act="clock", do="pause")
    before = case.until("frame", lambda frame: frame["state"] == "paused")["t"]
    case.act(act="clock", do="step", seconds=600)
    after = case.until("frame", lambda frame: frame["state"] == "paused" and frame["t"] > before)["t"]
    assert after == pytest.approx(before + 600, abs=1e-6)


def test_a_changed_speed_applies_at_once(case: Watched) -> None:
    case.until("frame")
    assert case.act(act="clock", do="speed", speed=1000)[0] == 200
    frame = case.until("frame", lambda one: one["t"] > 300)
    assert frame["speed"] == 1000


def test_a_killed_instance_dies_and_is_replaced(case: Watched) -> None:
    case.until("frame", lambda frame: frame["t"] > 1)
    assert case.act(act="kill", service="web", instance="oldest") == (200, {"said": "web: instance 1 killed"})
    frame = case.until("frame", lambda one: web(one)["i"].get("n") == [2, 3])
    assert web(frame)["provisioned"] <= 2
    assert case.done() == ["console: kill"]


def test_traffic_goes_up_and_down(case: Watched) -> None:
    case.until("frame", lambda frame: frame["t"] > 1)
    case.act(act="clock", do="speed", speed=50)
    case.act(act="traffic", service="web", factor=3)
    up = case.until("frame", lambda frame: web(frame)["offered_rps"] > 55)
    assert web(up)["factor"] == 3
    case.act(act="traffic", service="web", factor=0)
    case.until("frame", lambda frame: web(frame)["offered_rps"] == 0)


def test_the_auto_scaling_configuration_changes(case: Watched) -> None:
    case.until("frame", lambda frame: frame["t"] > 1)
    case.act(act="clock", do="speed", speed=50)
    said = case.act(act="scaling", service="web", min_size=5, max_concurrency=7)
    assert said == (200, {"said": "web: MaxConcurrency 7, MinSize 5, MaxSize 6"})
    frame = case.until("frame", lambda one: web(one)["provisioned"] == 5)
    assert (web(frame)["max_concurrency"], web(frame)["min_size"], web(frame)["max_size"]) == (7, 5, 6)


def test_a_deployment_puts_new_instances_in_the_place_of_the_old_ones(case: Watched) -> None:
    case.until("frame", lambda frame: frame["t"] > 1)
    status, answer = case.act(act="deploy", service="web")
    assert (status, answer["said"].split(": ")[0]) == (200, "web")
    case.act(act="clock", do="speed", speed=100)
    frame = case.until("frame", lambda one: web(one)["i"].get("n", [1])[0] > 2 and len(web(one)["i"]["s"]) == 2)
    assert web(frame)["serving"]
    begun = case.until("operations", lambda one: one["rows"][-1]["type"] == "START_DEPLOYMENT")["rows"][-1]
    assert begun["service"] == "web"
    assert begun["at_s"] >= 1
    ended = case.until("operations", lambda one: one["rows"][-1]["status"] == "SUCCEEDED")["rows"][-1]
    assert ended["ended_s"] > begun["at_s"]
    # Rejected while the deployment is in progress: the old instances drain, and the operation ends.
    answers = (case.act(act="pause", service="web") for _ in zip_until(case, 300))
    assert any(status == 200 for status, _ in answers)
    case.until("frame", lambda one: not web(one)["serving"])


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ({"act": "kill", "service": "absent", "instance": "oldest"}, "service = 'absent', must be one of web"),
        ({"act": "kill", "service": "web", "instance": 99}, "instance = 99, must be a running instance"),
        ({"act": "traffic", "service": "web", "factor": -1}, "factor = -1"),
        ({"act": "traffic", "service": "web", "factor": 1, "more": 2}, "more = 2"),
        ({"act": "scaling", "service": "web", "min_size": 9}, "max_size"),
        ({"act": "clock", "do": "speed", "speed": 1e6}, "speed = 1000000.0"),
        ({"act": "clock", "do": "jump"}, "do = 'jump'"),
        ({"act": "dance"}, "dance"),
        ({"act": "resume", "service": "absent"}, "service = 'absent'"),
    ],
)
def test_a_bad_command_is_explained_and_changes_nothing(case: Watched, act: dict[str, Any], said: str) -> None:
    before = web(case.until("frame", lambda frame: frame["t"] > 1))
    status, answer = case.act(**act)
    assert status == 400
    assert said in answer["error"]
    after = web(case.until("frame"))
    for name in ("factor", "max_concurrency", "min_size", "max_size", "provisioned"):
        assert after[name] == before[name]
    assert case.done() == []


GOOD = {
    "content_type": "application/json",
    "x_console_token": "TOKEN",
    "origin": "http://127.0.0.1:PORT",
    "sec_fetch_site": "same-origin",
}


@pytest.mark.parametrize(
    "changed",
    [
        {"x_console_token": ""},
        {"x_console_token": "guessed"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "https://127.0.0.1:PORT"},
        {"origin": "http://127.0.0.1:PORT.evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"content_type": "text/plain"},
        {"content_type": "application/x-www-form-urlencoded"},
        {"host": "evil.example"},
        {"host": "evil.example:PORT"},
        {"host": "127.0.0.1"},
    ],
    ids=lambda changed: " ".join(f"{name}={value or 'nothing'}" for name, value in changed.items()),
)
def test_a_command_from_another_site_changes_nothing(case: Watched, changed: dict[str, str]) -> None:
    case.until("frame", lambda frame: frame["t"] > 1)
    fields = {
        name: value.replace("PORT", str(case.port)).replace("TOKEN", case.token)
        for name, value in (GOOD | changed).items()
    }
    body = json.dumps({"act": "kill", "service": "web", "instance": "oldest"}).encode()
    status, answer = case.request("POST", "/act", body, **fields)
    assert status == 403
    assert b"must be" in answer
    assert case.done() == []
    assert web(case.until("frame"))["i"]["n"] == [1, 2]


@pytest.mark.parametrize("path", ["/", "/feed", "/web/console.js", "/report.html"])
def test_a_request_with_another_host_reads_nothing(case: Watched, path: str) -> None:
    """DNS rebinding: a page of another site whose host name now resolves to this machine."""
    status, answer = case.request("GET", path, host=f"rebound.example:{case.port}")
    assert status == 403
    assert case.token.encode() not in answer


def test_no_page_and_no_message_contains_the_token(case: Watched) -> None:
    _, page = case.request("GET", "/")
    assert case.token.encode() not in page
    assert all(case.token not in json.dumps(data) for _, data in zip_until(case, 3))


def test_lessons_are_offered_beside_a_run_in_virtual_time(case: Watched) -> None:
    assert b'href="/lessons"' in case.request("GET", "/")[1]
    assert case.request("GET", "/lessons")[0] == 200


def test_no_lesson_is_offered_beside_a_run_in_real_time() -> None:
    """A lesson would take CPU time from the requests that are measured."""
    with RunConsole(0, None) as console:
        case = Watched(console, Playback(wall_s))
        assert b'href="/lessons"' not in case.request("GET", "/")[1]
        assert case.request("GET", "/lessons")[0] == 404


def test_the_server_listens_on_loopback_only(case: Watched) -> None:
    assert case.console.url.startswith("http://127.0.0.1:")


def test_after_the_run_there_is_its_report(tmp_path: Path) -> None:
    with watched(scenario_of(HOURS.replace("10h", "20s"), tmp_path), speed=100.0) as case:
        assert case.request("GET", "/report.html")[0] == 404
        case.until("ended")
        status, page = case.request("GET", "/report.html")
        assert status == 200
        assert b"simulator report" in page
        # A page that connects after the end gets the final state.
        kinds = [kind for kind, _ in until_the_end(case)]
        assert kinds[0] == "hello"
        assert case.act(act="kill", service="web", instance="oldest")[1]["error"] == "the run is over"


def test_the_verdict_so_far_is_that_of_the_requests_until_now_and_at_the_end_that_of_the_report(tmp_path: Path) -> None:
    text = HOURS.replace("10h", "60s").replace("20/s", "60/s")  # 40 a second are all that two instances serve
    with watched(scenario_of(text, tmp_path), speed=5.0) as case:
        verdict = case.until("verdict")
        (service,) = verdict["services"]
        assert 0 < service["lost"] < 60 * 60
        assert verdict["text"].startswith(f"{service['lost']:,} of ")
        assert service["causes"][0]["kind"] == "MaxConcurrency too low"
        assert case.act(act="clock", do="speed", speed=1000)[0] == 200
        ended = case.until("ended")
    assert case.report is not None
    assert case.report.verdict is not None
    assert ended["verdict"]["text"] == case.report.verdict.text
    assert ended["verdict"]["services"][0]["lost"] == case.report.verdict.services[0].lost > service["lost"]
