"""Users: their number over time, their iterations, and sessions of several steps on both clocks."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import pytest

from simulator.edge.live.live_settings import LiveSettings
from simulator.lab.compiled.compiled_backend import why_not
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario
from simulator.traffic.scripts import ramped

TEXT = """
duration: %s
services:
  web:
    max_concurrency: 100
    policy: fixed
    application: {simulated: {io: 100ms%s}}
traffic:
  - %s
"""


def rows_of(source: str, duration: str = "60s", more: str = "", live: LiveSettings | None = None) -> list[list[str]]:
    """Return the rows of all requests, in the order of their intended times."""
    rows = io.StringIO()
    play(Run(read_scenario(TEXT % (duration, more, source)), live, csv=rows), signals=False)
    return sorted((row.split(",") for row in rows.getvalue().splitlines()[1:]), key=lambda row: float(row[1]))


def checked(source: str, checks: str, duration: str = "60s", live: LiveSettings | None = None) -> Report:
    text = TEXT % (duration, "", source) + f"checks: {checks}\n"
    return build_report(play(Run(read_scenario(text), live), signals=False))


# --- users -----------------------------------------------------------------------------------------------------------


@pytest.mark.case("L65")
def test_a_ramp_changes_the_users_one_by_one() -> None:
    assert list(ramped(0, [(10, 2), (5, 2), (0, 4), (3, 1)])) == [(5, 1), (10, 2), (15, 4), (16, 3), (17, 2), (18, 1)]


def test_users_begin_with_a_thinking_time_or_with_a_request() -> None:
    users = "closed: {users: 2, think_time: 4s%s}"
    assert [float(row[1]) for row in rows_of(users % "", "7s")] == [4.0, 4.0]
    assert [float(row[1]) for row in rows_of(users % ", begin: request", "7s")] == [0.0, 0.0, 4.1, 4.1]
    stages = "closed: {think_time: 4s, begin: request, stages: [{duration: 2s, target: 0}, {duration: 0s, target: 1}]}"
    assert [float(row[1]) for row in rows_of(stages, "7s")] == [2.0, 6.1]


@pytest.mark.case("L65")
def test_users_join_and_leave_as_in_the_stages() -> None:
    stages = "[{duration: 20s, target: 10}, {duration: 20s, target: 10}, {duration: 20s, target: 0}]"
    rows = rows_of(f"closed: {{stages: {stages}, think_time: 900ms}}", "80s")
    sent = Counter(int(float(row[1]) // 10) for row in rows)
    # A user sends about once per second, so n users send 10 n requests in 10 s. Means of the pieces: 2.5, 7.5, 10, ...
    assert [sent[piece] for piece in range(8)] == [
        pytest.approx(expected, abs=10) for expected in (25, 75, 100, 100, 75, 25, 0, 0)
    ]


@pytest.mark.case("L65")
def test_users_leave_in_the_order_of_k6() -> None:
    """The last user that joined is the first that stops, after its iteration: each user's requests in closed form."""
    stages = (
        "[{duration: 4s, target: 8}, {duration: 2s, target: 8}, {duration: 2s, target: 2}, {duration: 2s, target: 6}]"
    )
    rows = rows_of(f"{{closed: {{begin: request, think_time: 230ms, stages: {stages}}}, until: 11s}}", "12s")
    period_s = 0.1 + 0.23
    planned = [(number, 0.5 * (number + 1), 8.0 - (number - 2) / 3) for number in range(2, 8)]
    planned += [(0, 0.5, 11.0), (1, 1.0, 11.0)]
    expected: list[float] = []
    for number, begin_s, stop_s in planned:
        sent_s = begin_s
        while sent_s < stop_s:
            expected.append(sent_s)
            sent_s += period_s
        if 2 <= number < 6:  # it is planned again: it goes on if its iteration has not ended, and otherwise begins
            sent_s = max(sent_s, 8.0 + 0.5 * (number - 1))
            while sent_s < 11.0:
                expected.append(sent_s)
                sent_s += period_s
    assert [float(row[1]) for row in rows] == pytest.approx(sorted(expected), abs=1e-6)


@pytest.mark.case("L65")
def test_a_user_that_is_planned_again_before_its_iteration_ends_stays() -> None:
    stages = (
        "[{duration: 1s, target: 1}, {duration: 0s, target: 0}, {duration: 1s, target: 0}, {duration: 0s, target: 1}]"
    )
    rows = rows_of(f"{{closed: {{users: 1, begin: request, think_time: 2900ms, stages: {stages}}}}}", "7s")
    assert [float(row[1]) for row in rows] == pytest.approx([0.0, 3.0, 6.0])


@pytest.mark.case("L65")
@pytest.mark.parametrize(
    ("iterations", "requests"),
    [("iterations: 3", 15), ("shared_iterations: 7", 7), ("iterations: 2, shared_iterations: 100", 10)],
)
def test_a_user_ends_after_its_iterations(iterations: str, requests: int) -> None:
    assert len(rows_of(f"closed: {{users: 5, think_time: 1s, {iterations}}}")) == requests


@pytest.mark.case("L65")
def test_on_the_real_clock_users_join_and_iterate_too(tmp_path: Path) -> None:
    live = LiveSettings(tmp_path)
    assert len(rows_of("closed: {users: 3, iterations: 2, think_time: 50ms}", "2s", live=live)) == 6
    rows = rows_of("closed: {stages: [{duration: 1s, target: 0}, {duration: 0s, target: 2}]}", "2s", live=live)
    assert float(rows[0][1]) >= 1.0


# --- sessions --------------------------------------------------------------------------------------------------------

LOGIN = "{path: /login, name: login, method: POST, think_time: 2s}"
SESSION = f"session: [{LOGIN}, {{path: /cart}}]"


@pytest.mark.case("L65")
def test_an_arrival_sends_all_steps_with_thinking_times() -> None:
    rows = rows_of(f"{{at_once: {{requests: 1, at: 1s}}, {SESSION}}}")
    assert [float(row[1]) for row in rows] == pytest.approx([1.0, 1.0 + 0.1 + 2.0])


@pytest.mark.case("L65")
def test_users_of_a_closed_source_repeat_sessions() -> None:
    source = f"{{closed: {{users: 4, iterations: 3, think_time: 1s}}, {SESSION}}}"
    report = checked(source, '["requests{name:login} == 12", "requests{path:/cart} == 12"]')
    assert report.passed


@pytest.mark.case("L65")
@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("[{think_time: 2s}, {think_time: 500ms}]", [1.0, 3.1, 4.7, 6.8, 8.4]),
        ("[{think_time: 2s}]", [1.0, 4.1, 7.2]),
    ],
)
def test_the_think_time_of_the_last_step_is_added_to_that_between_sessions(steps: str, expected: list[float]) -> None:
    rows = rows_of(f"{{closed: {{users: 1, think_time: 1s}}, session: {steps}}}", "9s")
    assert [float(row[1]) for row in rows] == pytest.approx(expected)


@pytest.mark.case("L65")
def test_a_session_ends_after_a_failed_request_on_both_clocks(tmp_path: Path) -> None:
    source = f"{{at_once: {{requests: 30}}, {SESSION.replace('2s', '10ms')}}}"
    checks = '["requests{name:login} == 30", "requests{path:/cart} == 0"]'
    text = TEXT % ("1s", ", failure_share: 1.0", source) + f"checks: {checks}\n"
    for live in (None, LiveSettings(tmp_path)):
        assert build_report(play(Run(read_scenario(text), live), signals=False)).passed


@pytest.mark.case("L65")
def test_values_from_responses_and_rows_are_inserted_into_requests(tmp_path: Path) -> None:
    """Over real sockets: values of a JSON body, a header field and text are inserted into header, path and body."""
    (tmp_path / "users.csv").write_text("user\nann\nbob\n", encoding="utf-8")
    application = Path(__file__).parent / "session_application.py"
    text = f"""
duration: 3s
services:
  web:
    policy: fixed
    application:
      process: {{command: "python {application} ann bob"}}
traffic:
  - closed: {{users: 1, iterations: 3}}
    data: users.csv
    session:
      - path: /login
        method: POST
        body: '{{"user": "${{user}}"}}'
        extract:
          token: {{json: session.tokens.0}}
          cart: {{header: X-Cart}}
      - path: /cart/${{cart}}
        headers: {{Authorization: "Bearer ${{token}}"}}
        extract: {{csrf: {{after: "value='", before: "'"}}}}
      - {{path: /buy, method: POST, body: "csrf=${{csrf}}&user=${{user}}"}}
checks: [requests == 9, error_rate == 0, "requests{{path:/buy}} == 3"]
"""
    report = build_report(play(Run(read_scenario(text, folder=tmp_path), LiveSettings(tmp_path / "s")), signals=False))
    assert report.passed, report.checks


@pytest.mark.case("L65")
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{clock: {rate: 1/s}, session: [{path: "/${tokn}"}]}', "known by then: none"),
        (
            '{clock: {rate: 1/s}, session: [{extract: {token: {json: a}}}, {path: "/${tokn}"}]}',
            "token.*did you mean `?token",
        ),
        ("{clock: {rate: 1/s}, session: [{extract: {token: {json: a, header: b}}}]}", "exactly one of json, header"),
        ("{clock: {rate: 1/s}, session: [{}], requests: [{}]}", "left out with a session"),
        ("{clock: {rate: 1/s}, requests: [{headers: {Host: x}}]}", "load client"),
        ('{clock: {rate: 1/s}, requests: [{headers: {A: "x\\r\\ny"}}]}', "of the form"),
        ("{clock: {rate: 1/s}, requests: [{body: x, request_size: 3}]}", "left out with a body"),
        ("closed: {users: 0}", "at least 1"),
    ],
)
def test_invalid_steps_are_rejected_with_valid_ones(source: str, expected: str) -> None:
    with pytest.raises(ScenarioError, match=expected):
        read_scenario(TEXT % ("9s", "", source))


@pytest.mark.case("L66")
def test_a_data_file_with_a_repeated_column_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("user,password,user\na,b,c\n")
    source = "{clock: {rate: 1/s}, data: users.csv, session: [{path: '/${user}'}]}"
    with pytest.raises(ScenarioError, match="must have each column once: user is column 1 and column 3"):
        read_scenario(TEXT % ("9s", "", source), folder=tmp_path)


@pytest.mark.case("L65")
def test_the_compiled_backend_does_not_support_sessions() -> None:
    assert "sessions" in why_not(read_scenario(TEXT % ("9s", "", f"{{clock: {{rate: 1/s}}, {SESSION}}}")))
