"""The cookies of a session: which are stored, which are sent, and when they end."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from simulator.edge.live.live_settings import LiveSettings
from simulator.model.times import RUN_START, LoopTime
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario
from simulator.traffic.cookies import SessionCookies
from simulator.traffic.live.request import RequestChoice, Shot
from simulator.traffic.live.values import Sent
from simulator.traffic.scripts import Script, User
from simulator.wire.client import ClientResponse

ORIGIN = "https://web.us-east-1.awsapprunner.test:8443"


@pytest.mark.case("L65")
@pytest.mark.parametrize(
    ("given", "path", "sent"),
    [
        ("a=1", "/x/next", "a=1"),  # without Path: the folder of the request, /x
        ("a=1", "/other", ""),
        ("a=1; Path=/", "/other", "a=1"),
        ("a=1; Path=/shop", "/shop/cart?q=2", "a=1"),
        ("a=1; Path=/shop", "/shopping", ""),
        ("a=1; Path=/; Max-Age=60", "/", "a=1"),
        ("a=1; Path=/; Max-Age=0", "/", ""),
        ("a=1; Path=/; Expires=Wed, 01 Jan 2020 00:00:00 GMT", "/", ""),
        ("a=1; Path=/; Expires=Fri, 01 Jan 2100 00:00:00 GMT", "/", "a=1"),
        ("a=1; Path=/; Secure; HttpOnly; SameSite=Strict", "/", "a=1"),
        ("a=1; Path=/; Domain=us-east-1.awsapprunner.test", "/", "a=1"),
        ("a=1; Path=/; Domain=web.us-east-1.awsapprunner.test", "/", "a=1"),
        ("a=1; Path=/; Domain=other.us-east-1.awsapprunner.test", "/", ""),
        ("a=1; Path=/; Domain=example.org", "/", ""),
        ('a="b c=d"; Path=/', "/", 'a="b c=d"'),
        ("a=; Path=/", "/", "a="),
    ],
)
def test_a_cookie_is_sent_where_and_while_it_is_valid(given: str, path: str, sent: str) -> None:
    cookies = SessionCookies()
    cookies.keep(f"{ORIGIN}/x/login", [given])
    assert cookies.field(ORIGIN + path) == sent


@pytest.mark.case("L65")
def test_a_secure_cookie_is_not_sent_over_plain_http() -> None:
    cookies = SessionCookies()
    cookies.keep(f"{ORIGIN}/", ["a=1; Secure", "b=2"])
    assert cookies.field("http://web.us-east-1.awsapprunner.test/") == "b=2"


@pytest.mark.case("L65")
def test_a_later_response_replaces_and_deletes_cookies() -> None:
    cookies = SessionCookies()
    cookies.keep(f"{ORIGIN}/", ["a=1; Path=/", "b=2; Path=/"])
    cookies.keep(f"{ORIGIN}/", ["a=3; Path=/", "b=; Path=/; Max-Age=0"])
    assert cookies.field(f"{ORIGIN}/") == "a=3"


@pytest.mark.case("L65")
def test_cookies_of_the_request_itself_replace_those_of_the_same_name() -> None:
    cookies = SessionCookies()
    cookies.keep(f"{ORIGIN}/", ["a=1; Path=/", "b=2; Path=/"])
    assert cookies.field(f"{ORIGIN}/", "a=own; c=3") == "a=own; c=3; b=2"


def answered(choice: RequestChoice, *set_cookies: bytes) -> Shot:
    shot = Shot(0, RUN_START, choice)
    shot.answer = ClientResponse(
        200, tuple((b"set-cookie", each) for each in set_cookies), 0, LoopTime(0.0), LoopTime(0.0), reusable=True
    )
    return shot


@pytest.mark.case("L65")
def test_one_cookie_field_is_sent_and_a_new_session_begins_without_cookies() -> None:
    step = Sent(RequestChoice(path="/", headers=(("Cookie", "theme=dark"), ("X-A", "1"))), keeps_cookies=True)
    script = Script(lambda: step, lambda: 0.0, steps=[step, step], thinks=[lambda: 0.0] * 2)
    user = User()
    assert script.request(user) is step
    assert step.filled(user, ORIGIN) is step.choice  # no cookie is stored yet
    step.takes(answered(step.choice, b"sid=s-1; Path=/"), user, ORIGIN)
    script.pause_s(user, 200)
    script.request(user)
    assert step.filled(user, ORIGIN).headers == (("X-A", "1"), ("cookie", "theme=dark; sid=s-1"))
    script.pause_s(user, 200)  # the last step has ended
    script.request(user)
    assert step.filled(user, ORIGIN) is step.choice


@pytest.mark.case("L65")
def test_a_step_without_cookies_stores_none() -> None:
    step, user = Sent(RequestChoice()), User()
    step.takes(answered(step.choice, b"sid=s-1; Path=/"), user, ORIGIN)
    assert user.cookies is None


TEXT = """
duration: 2s
services:
  web:
    policy: fixed
    application: {process: {command: "python %s%s"}}
traffic:
  - %s
    session:
      - path: /login
      - path: /cart/7
      - {path: /profile, headers: {Cookie: theme=dark}}
checks: [requests == 6, error_rate == 0]
"""
APPLICATION = Path(__file__).parent / "cookie_application.py"
CLOSED = "closed: {users: 1, iterations: 2}"


@pytest.mark.slow
@pytest.mark.case("L65")
@pytest.mark.parametrize(
    ("source", "expects"),
    [(CLOSED, ""), ("at_once: {requests: 2}", ""), (f"{CLOSED}\n    cookies: off", " none")],
    ids=["closed", "open", "off"],
)
def test_on_the_real_clock_a_session_sends_the_cookies_of_its_responses(
    source: str, expects: str, tmp_path: Path
) -> None:
    rows = io.StringIO()
    folder = tmp_path / "application"  # in a folder of its own, because each instance gets a copy of it
    folder.mkdir()
    shutil.copy2(APPLICATION, folder)
    scenario = read_scenario(TEXT % (APPLICATION.name, expects, source), folder=folder)
    run = Run(scenario, LiveSettings(tmp_path / "state"), csv=rows)
    report = build_report(play(run, signals=False))
    assert report.passed, rows.getvalue()


@pytest.mark.case("L65")
def test_cookies_without_a_session_are_rejected() -> None:
    with pytest.raises(ScenarioError, match=r"cookies = off, must be left out without a session"):
        read_scenario(
            "duration: 1s\nservices: {web: {application: {simulated: {io: 1ms}}}}\n"
            "traffic: [{clock: {rate: 1/s}, cookies: off}]\n"
        )
