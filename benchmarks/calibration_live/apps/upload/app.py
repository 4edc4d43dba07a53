"""A file service on aiohttp: reads the body of a request, hashes it, counts its bytes and pairs, and stores that."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
from collections import Counter

from aiohttp import web

chance = random.Random(20)


async def upload(request: web.Request) -> web.Response:
    """Computes for about 60 ms for each MB of the body, then waits 10 ms for storage."""
    body = await request.read()
    digest = hashlib.sha256(body).hexdigest()
    bytes_of = Counter(body)
    pairs = Counter(zip(body[::2], body[1::2], strict=False))
    await asyncio.sleep(chance.lognormvariate(-4.6, 0.2))
    return web.json_response({"digest": digest, "bytes": len(body), "distinct": [len(bytes_of), len(pairs)]})


async def health(_: web.Request) -> web.Response:
    return web.Response(text="well\n")


app = web.Application(client_max_size=16 * 1024 * 1024)
app.add_routes([web.post("/documents", upload), web.post("/photos", upload), web.get("/health", health)])

if __name__ == "__main__":
    web.run_app(
        app, host=os.getenv("HOST", "0.0.0.0"), port=int(os.getenv("PORT", "8080")), print=None, access_log=None
    )
