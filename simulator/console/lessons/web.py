"""The lessons as pages of a console's server: the list, a lesson, its plays, and its scenario as a download."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulator.console.http.server import page, rejected, said, stream_feed
from simulator.console.lessons.parts import course_part, lesson_part
from simulator.console.lessons.plays import LessonPlay, LessonPlays
from simulator.console.live.commands import CommandRejected
from simulator.lessons.course import course
from simulator.lessons.lesson import Lesson
from simulator.web.files import script_json, web_text

_TEXT_MAX: Final = 500


class _Wanted(BaseModel):
    """The learner's input: a prediction, or a value of the parameter."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    prediction: str | None = Field(None, max_length=_TEXT_MAX)
    knob: str | None = Field(None, max_length=_TEXT_MAX)


def add_lessons(app: web.Application, plays: LessonPlays) -> None:
    """Add the routes below `/lessons` to a guarded application."""
    rooms = _Lessons(plays)
    app.router.add_get("/lessons", rooms.list)
    app.router.add_get("/lessons/{name}", rooms.lesson)
    app.router.add_get("/lessons/{name}/{file}.yaml", rooms.scenario)
    app.router.add_post("/lessons/{name}/play", rooms.begin)
    app.router.add_get("/plays/{play}/feed", rooms.feed)
    app.router.add_post("/plays/{play}/act", rooms.act)


class _Lessons:
    def __init__(self, plays: LessonPlays) -> None:
        self._plays = plays
        self._list, self._lesson = web_text("lessons.html"), web_text("lesson.html")

    async def list(self, _: web.Request) -> web.Response:
        return page(self._list, {"COURSE": script_json(course_part())})

    async def lesson(self, request: web.Request) -> web.Response:
        lesson = _named(request)
        if lesson is None:
            return rejected(404, f"lesson, must be one of {', '.join(course())}")
        return page(self._lesson, {"LESSON": script_json(lesson_part(lesson))})

    async def scenario(self, request: web.Request) -> web.Response:
        lesson = _named(request)
        if lesson is None or request.match_info["file"] != lesson.name:
            return rejected(404, "no such file")
        return web.Response(
            text=lesson.scenario,
            content_type="application/yaml",
            headers={"content-disposition": f'attachment; filename="{lesson.name}.yaml"'},
        )

    async def begin(self, request: web.Request) -> web.Response:
        lesson = _named(request)
        if lesson is None:
            return rejected(404, "no such lesson")
        try:
            wanted = _Wanted.model_validate_json(await request.read())
            name = self._plays.begin(lesson, wanted.prediction, wanted.knob)
        except ValidationError as error:
            given = [f"{'.'.join(map(str, one['loc'])) or 'the desired'}: {one['msg']}" for one in error.errors()]
            return rejected(400, "; ".join(given))
        except CommandRejected as error:
            return rejected(400, str(error))
        return said({"play": name})

    async def feed(self, request: web.Request) -> web.StreamResponse:
        play = self._play(request)
        if play is None:
            return rejected(404, "this play of a lesson is over, and forgotten")
        try:
            return await stream_feed(request, play.hub, play.watched.hello)
        finally:
            self._plays.end_later_if_unwatched(play)

    async def act(self, request: web.Request) -> web.Response:
        play = self._play(request)
        if play is None:
            return rejected(404, "this play of a lesson is over, and forgotten")
        try:
            return said({"said": await self._plays.act(play, await request.read())})
        except CommandRejected as error:
            return rejected(400, str(error))

    def _play(self, request: web.Request) -> LessonPlay | None:
        return self._plays.get(request.match_info["play"])


def _named(request: web.Request) -> Lesson | None:
    return course().get(request.match_info["name"])
