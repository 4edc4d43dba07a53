"""A picture service on aiohttp whose library blocks: each picture is made by one of four threads of an executor."""

from __future__ import annotations

import asyncio
import os
import random
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

chance = random.Random(14)
pool = ThreadPoolExecutor(max_workers=4)
PICTURE = bytes(chance.randrange(64) for _ in range(40_000))


def thumbnail() -> bytes:
    """Fetch a picture from storage, which takes about 30 ms, and compress it, which takes about 3 ms of CPU time."""
    time.sleep(chance.lognormvariate(-3.5, 0.2))
    return zlib.compress(PICTURE, 6)


async def picture(_: web.Request) -> web.Response:
    body = await asyncio.get_running_loop().run_in_executor(pool, thumbnail)
    return web.Response(body=body, content_type="image/png")


async def health(_: web.Request) -> web.Response:
    return web.Response(text="well\n")


app = web.Application()
app.add_routes([web.get("/picture", picture), web.get("/health", health)])

if __name__ == "__main__":
    web.run_app(
        app, host=os.getenv("HOST", "0.0.0.0"), port=int(os.getenv("PORT", "8080")), print=None, access_log=None
    )
