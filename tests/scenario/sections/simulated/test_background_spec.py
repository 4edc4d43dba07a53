from __future__ import annotations

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario


def text(background: str) -> str:
    return f"duration: 9s\nservices: {{web: {{application: {{simulated: {{background: {background}}}}}}}}}\n"


def test_work_is_due_at_an_interval_or_after_requests() -> None:
    given = "{cache: {every: 30s, cpu: 200ms}, mail: {after_requests: 10 %, cpu: 1s}}"
    simulated = read_scenario(text(given)).services["web"].application.simulated
    assert simulated is not None
    cache, mail = simulated.background.values()
    assert (cache.every_s, cache.after_requests, cache.cpu.distribution.mean) == (30, None, 0.2)
    assert (mail.every_s, mail.after_requests) == (None, 0.1)


@pytest.mark.parametrize(
    ("background", "place", "expected"),
    [
        ("{mail: {cpu: 1s}}", "background.mail", "must be due at an interval or after requests"),
        ("{mail: {cpu: 1s, every: 1s, after_requests: 1}}", "background.mail", "both of every and after_requests"),
        ("{mail: {every: 1s}}", "background.mail.cpu", "must be"),
        ("{mail: {cpu: 1s, every: 0}}", "background.mail.every", "above 0"),
        ("{mail: {cpu: 1s, after_requests: 0}}", "background.mail.after_requests", "above 0"),
        ("{mail: {cpu: 1s, evry: 1s}}", "background.mail", "did you mean `every`"),
        ("{Mail Queue: {cpu: 1s, every: 1s}}", "background", "must"),
    ],
)
def test_an_error_names_the_place_and_what_is_expected(background: str, place: str, expected: str) -> None:
    with pytest.raises(ScenarioError) as error:
        read_scenario(text(background))
    assert place in str(error.value)
    assert expected in str(error.value)
