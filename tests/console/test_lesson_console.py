"""The server of the lessons in a browser: pages, plays, who may begin a play, and what ends it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simulator.console.lesson_console import LessonConsole
from simulator.console.lessons import plays as lesson_plays
from simulator.console.lessons.parts import lesson_part
from simulator.lessons.course import course
from simulator.lessons.play import play_lesson

SHORT = "panic-window"


class Learner:
    """A page of the lessons as a client of the server."""

    def __init__(self, console: LessonConsole, session: aiohttp.ClientSession) -> None:
        self.base, self.token = console.url.split("/lessons")[0], console.url.split("token=")[1]
        self._session = session

    @property
    def port(self) -> str:
        return self.base.rsplit(":", 1)[1]

    async def get(self, path: str) -> tuple[int, str]:
        async with self._session.get(self.base + path) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str, body: Any, **changed: str) -> tuple[int, dict[str, Any]]:
        fields = {
            "content-type": "application/json",
            "x-console-token": self.token,
            "origin": self.base,
            "sec-fetch-site": "same-origin",
        } | {name.replace("_", "-"): value for name, value in changed.items()}
        async with self._session.post(self.base + path, data=json.dumps(body), headers=fields) as answer:
            return answer.status, await answer.json()

    async def begin(self, lesson: str, **wanted: str) -> str:
        status, answer = await self.post(f"/lessons/{lesson}/play", wanted)
        assert status == 200, answer
        return str(answer["play"])

    async def watch(self, play: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        kind = ""
        async with self._session.get(f"{self.base}/plays/{play}/feed") as answer:
            async for line in answer.content:
                if line.startswith(b"event: "):
                    kind = line[7:].strip().decode()
                elif line.startswith(b"data: "):
                    yield kind, json.loads(line[6:])

    async def ended(self, play: str) -> dict[str, Any]:
        """Return the outcome of a finished play."""
        async for kind, data in self.watch(play):
            if kind == "ended":
                return data
        raise AssertionError("the feed has no outcome")

    async def hurry(self, play: str) -> dict[str, Any]:
        """Watch a play at the highest speed until its end. Return its last message."""
        hurried = False
        async for kind, data in self.watch(play):
            if kind == "frame" and not hurried:
                hurried = True
                assert (await self.post(f"/plays/{play}/act", {"act": "clock", "do": "speed", "speed": 10000}))[
                    0
                ] == 200
            if kind == "ended":
                return data
        raise AssertionError("the feed has ended without the run")


@pytest.fixture
async def learner() -> AsyncIterator[Learner]:
    async with (
        LessonConsole(0) as console,
        aiohttp.ClientSession(read_bufsize=2**24, timeout=aiohttp.ClientTimeout(60)) as session,
    ):
        yield Learner(console, session)
    assert lesson_threads() == []


def lesson_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("lesson ")]


async def test_the_list_has_every_lesson_and_each_has_its_page_and_its_scenario(learner: Learner) -> None:
    status, page = await learner.get("/lessons")
    assert status == 200
    assert learner.token not in page
    for name, lesson in course().items():
        assert f'"name":"{name}"' in page
        status, own = await learner.get(f"/lessons/{name}")
        assert status == 200
        assert learner.token not in own
        assert (await learner.get(f"/lessons/{name}/{name}.yaml")) == (200, lesson.scenario)
    assert (await learner.get("/lessons/littles-lore"))[0] == 404
    assert (await learner.get("/lessons/overflow/flapping.yaml"))[0] == 404
    assert (await learner.get("/"))[0] == 200  # redirected to the list


async def test_a_lesson_shows_the_prediction_beside_the_outcome(learner: Learner) -> None:
    play = await learner.begin(SHORT, prediction="b")
    told = await learner.hurry(play)
    outcome = told["outcome"]
    question = course()[SHORT].question
    assert outcome["you"] == question.choices[1].text
    assert outcome["right"] == (outcome["value"].split(": ")[1][0] == "b")
    assert [row["label"] for row in outcome["figures"] if row["asked"]]
    assert "<p>" in outcome["explanation"]
    assert "{" not in outcome["explanation"]
    assert outcome["journal"]
    assert all(decision["formula"] for decision in outcome["journal"])
    services = outcome["report"]["services"]
    assert services[0]["instance_events"]
    assert services[0]["name"] in outcome["beside"]
    # A client that reconnects gets the outcome, and the clock can no longer be changed.
    assert (await learner.ended(play))["outcome"] == outcome
    assert (await learner.post(f"/plays/{play}/act", {"act": "clock", "do": "pause"}))[0] == 400


@pytest.mark.slow
@pytest.mark.parametrize("knob", [None, "5"])
async def test_a_lesson_has_the_same_outcome_in_console_and_terminal(learner: Learner, knob: str | None) -> None:
    wanted = {"prediction": "a"} if knob is None else {"knob": knob}
    told = await learner.hurry(await learner.begin(SHORT, **wanted))
    lesson = course()[SHORT]
    plain = await asyncio.to_thread(play_lesson, lesson, None if knob is None else lesson.read_knob(knob))
    assert told["outcome"]["report"]["digest"] == plain.report.digest


async def test_a_lessons_run_cannot_be_changed(learner: Learner) -> None:
    play = await learner.begin("cold-start", prediction="a")
    async for kind, data in learner.watch(play):
        if kind == "frame":
            assert data["state"] == "playing"
            break
    act = {"act": "kill", "service": "web", "instance": "oldest"}
    status, answer = await learner.post(f"/plays/{play}/act", act)
    assert (status, answer["error"]) == (400, "act = 'kill', must be clock: a lesson's run cannot be changed")
    assert (await learner.post(f"/plays/{play}/act", {"act": "clock", "do": "pause"})) == (200, {"said": "paused"})


@pytest.mark.parametrize(
    ("lesson", "wanted", "told"),
    [
        ("overflow", {"prediction": "many"}, "prediction = 'many', must be a number, such as 20 %"),
        ("max-concurrency", {"prediction": "z"}, "must be one of a, b, c"),
        ("max-concurrency", {"knob": "0"}, "max_concurrency = 0, must be"),
        ("overflow", {"knob": "{"}, "a [ or { that is not closed"),
        ("overflow", {"guess": "1"}, "guess"),
        ("overflow", {"prediction": "1" * 501}, "prediction"),
    ],
)
async def test_an_invalid_prediction_is_reported_and_nothing_is_played(
    learner: Learner, lesson: str, wanted: dict[str, str], told: str
) -> None:
    status, answer = await learner.post(f"/lessons/{lesson}/play", wanted)
    assert status == 400
    assert told in answer["error"]
    assert lesson_threads() == []


@pytest.mark.parametrize(
    "changed",
    [
        {"x_console_token": ""},
        {"x_console_token": "guessed"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"content_type": "text/plain"},
        {"host": "evil.example"},
    ],
    ids=lambda changed: " ".join(f"{name}={value or 'nothing'}" for name, value in changed.items()),
)
async def test_a_request_from_another_site_plays_nothing(learner: Learner, changed: dict[str, str]) -> None:
    status, answer = await learner.post("/lessons/overflow/play", {"prediction": "1"}, **changed)
    assert status == 403
    assert "must be" in answer["error"]
    assert lesson_threads() == []


async def test_a_lesson_without_viewers_ends(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lesson_plays, "GONE_S", 0.1)
    await learner.begin("cold-start", prediction="a")
    (unseen,) = lesson_threads()
    await asyncio.to_thread(unseen.join, 30)
    assert not unseen.is_alive()
    play = await learner.begin("cold-start", prediction="a")
    (left,) = lesson_threads()
    async for kind, _ in learner.watch(play):
        if kind == "frame":
            break
    await asyncio.to_thread(left.join, 30)
    assert not left.is_alive()


async def test_lessons_at_the_same_time_are_bounded(learner: Learner) -> None:
    for _ in range(lesson_plays.PLAYS_MAX):
        await learner.begin("cold-start", prediction="a")
    status, answer = await learner.post("/lessons/overflow/play", {"prediction": "1"})
    assert status == 400
    assert "wait until one ends" in answer["error"]


def test_markup_in_a_text_is_escaped() -> None:
    lesson = course()["overflow"].model_copy(update={"text": "a <script>b</script> **c**"})
    assert lesson_part(lesson)["text"] == "<p>a &lt;script&gt;b&lt;/script&gt; <strong>c</strong></p>\n"


def test_the_service_of_the_question_is_shown_first() -> None:
    assert lesson_part(course()["concurrency-and-rate"])["service"] == "slow"
    assert lesson_part(course()["overflow"])["service"] is None
