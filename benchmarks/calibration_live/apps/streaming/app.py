"""A transcript service on aiohttp that streams its answer: five parts, each computed and then followed by a wait."""

from __future__ import annotations

import asyncio
import os
import random

from aiohttp import web

chance = random.Random(21)


def sentence(number: int) -> bytes:
    total = 0
    for step in range(30_000):
        total = (total * 31 + step + number) % 1_000_003
    return f"sentence {number}: {total}\n".encode() * 20


async def transcript(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for number in range(5):
        await response.write(sentence(number))
        await asyncio.sleep(chance.lognormvariate(-3.3, 0.3))
    await response.write_eof()
    return response


async def health(_: web.Request) -> web.Response:
    return web.Response(text="well\n")


app = web.Application()
app.add_routes([web.get("/transcript", transcript), web.get("/health", health)])

if __name__ == "__main__":
    web.run_app(
        app, host=os.getenv("HOST", "0.0.0.0"), port=int(os.getenv("PORT", "8080")), print=None, access_log=None
    )
