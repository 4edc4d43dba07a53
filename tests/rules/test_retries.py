"""Clients that retry: the rule, the simulated client and the live load."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.times import RUN_START, RunTime
from simulator.records.events import RequestRetried
from simulator.records.journal import Journal
from simulator.replay.runner import Run, play
from simulator.rules.retries import PAUSE_S_MAX, Retries, cause_of
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario
from simulator.traffic.live.load import Load
from simulator.traffic.live.request import RequestChoice
from simulator.traffic.live.retry import RetryingLoad
from tests.traffic.live.load_server import Rows, client_of, serving

REJECTION = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n"

# One slot, which the first request occupies for ten seconds; the others are rejected.
CROWDED = """
duration: 5s
seed: 1
services:
  web:
    max_concurrency: 1
    max_size: 1
    policy: fixed
    application: {simulated: {io: 10s}}
traffic:
  - {name: visitors, until: 1s, clock: {rate: 2/s}, retry: {attempts: 4, wait: 100ms, factor: 2}}
"""


def test_only_429_5xx_and_no_answer_are_retried() -> None:
    assert [status for status in (0, 200, 301, 404, 429, 499, 500, 503) if cause_of(status)] == [0, 429, 500, 503]


@given(st.integers(2, 100), st.floats(1, 10), st.floats(0, 100))
def test_the_number_of_attempts_is_bounded_and_the_pauses_never_shrink(
    attempts: int, factor: float, wait_s: float
) -> None:
    retries = Retries(attempts, factor, lambda: wait_s)
    pauses = [retries.pause_s(attempt, 429) for attempt in range(1, attempts)]
    assert retries.pause_s(attempts, 429) is None
    assert None not in pauses
    told = [pause for pause in pauses if pause is not None]
    assert told == sorted(told)
    assert 0 < told[0] <= told[-1] <= PAUSE_S_MAX


def test_a_served_request_is_not_retried() -> None:
    assert Retries(5, 1.0, lambda: 0.1).pause_s(1, 200) is None


def test_a_simulated_client_retries_after_growing_pauses_and_every_attempt_is_a_request() -> None:
    rows = io.StringIO()
    record = play(Run(read_scenario(CROWDED), csv=rows), signals=False)
    lines = [line.split(",") for line in rows.getvalue().splitlines()]
    head, body = lines[0], lines[1:]
    rejected = sorted(float(line[head.index("intended_s")]) for line in body if line[head.index("status")] == "429")
    # The first arrival occupies the only slot; the second is sent at about 0.5 s and then 0.1, 0.2 and 0.4 s later.
    assert [round(b - a, 6) for a, b in pairwise(rejected)] == [0.1, 0.2, 0.4]
    assert record.stats_by_source.whole().requests == 1 + 4


def test_the_demand_of_clients_that_retry_is_unknown() -> None:
    scenario = read_scenario(CROWDED)
    assert "clients that retry" in scenario.demand_unknown("web")


@pytest.mark.parametrize(
    ("retry", "told"),
    [
        ("{attempts: 1}", "attempts = 1, must be at least 2"),
        ("{attempts: 2, factor: 0.5}", "factor = 0.5, must be"),
        ("{wait: 1s}", "attempts"),
    ],
)
def test_bad_values_are_reported_with_their_place(retry: str, told: str) -> None:
    text = CROWDED.replace("{attempts: 4, wait: 100ms, factor: 2}", retry)
    with pytest.raises(ScenarioError, match=told):
        read_scenario(text)


def test_a_closed_source_has_no_retries() -> None:
    text = CROWDED.replace("clock: {rate: 2/s}", "closed: {users: 2}")
    with pytest.raises(ScenarioError, match=r"retry = .*, must be left out with closed"):
        read_scenario(text)


async def test_the_live_load_retries_and_every_attempt_has_a_row() -> None:
    rows = Rows()
    async with serving(script=lambda _: REJECTION) as server:
        client = client_of(server, rows)
        arrivals, journal, retried = iter([(RUN_START, RequestChoice(), 7)]), Journal(), list[RequestRetried]()
        journal.subscribe(RequestRetried, retried.append)
        source = RetryingLoad(client, arrivals, Retries(3, 2.0, lambda: 0.02), journal)
        (summary,) = await Load([client], [source]).run()
    assert (summary.sent, summary.answered, server.requests) == (3, 3, 3)
    intended = [row[1] for row in rows.rows]
    assert set(rows.statuses) == {429}
    assert intended[1] - intended[0] >= 0.02
    assert intended[2] - intended[1] >= 0.04
    assert retried == [RequestRetried(7, RunTime(intended_s)) for intended_s in intended[:2]]
