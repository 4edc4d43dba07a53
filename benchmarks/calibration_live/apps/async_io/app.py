"""A profile service on aiohttp: handlers wait for other services without a thread, and compute on the event loop."""

from __future__ import annotations

import asyncio
import json
import os
import random

from aiohttp import web

chance = random.Random(12)
ROWS = [{"id": number, "name": f"user {number}", "score": number * 7 % 101} for number in range(300)]


def ranking(times: int) -> str:
    """Sort and print the rows, which takes about a quarter of a millisecond each time."""
    text = ""
    for number in range(times):
        text = json.dumps(sorted(ROWS, key=lambda row: (row["score"] + number) % 103))
    return text


async def profile(request: web.Request) -> web.Response:
    """Asks two services, one after the other, and computes a little before, between and after."""
    ranking(12)
    await asyncio.sleep(chance.lognormvariate(-4.0, 0.25))
    ranking(12)
    await asyncio.sleep(chance.lognormvariate(-3.5, 0.25))
    return web.json_response(text=ranking(12), headers={"x-user": request.match_info["user"]})


async def feed(_: web.Request) -> web.Response:
    """Asks one slow service."""
    await asyncio.sleep(chance.lognormvariate(-2.5, 0.15))
    return web.json_response(text=ranking(24))


async def health(_: web.Request) -> web.Response:
    return web.Response(text="well\n")


app = web.Application()
app.add_routes([web.get("/profile/{user}", profile), web.get("/feed", feed), web.get("/health", health)])

if __name__ == "__main__":
    web.run_app(
        app, host=os.getenv("HOST", "0.0.0.0"), port=int(os.getenv("PORT", "8080")), print=None, access_log=None
    )
