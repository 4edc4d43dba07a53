"""An order service on aiohttp with three connections to a database (database.py, a process of its own)."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

CONNECTIONS: Final = 3

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
pool: asyncio.Queue[Connection] = asyncio.Queue()


@asynccontextmanager
async def connected() -> AsyncIterator[Connection]:
    """Take a free connection; wait for one if there is none, first come, first served."""
    connection = await pool.get()
    try:
        yield connection
    finally:
        pool.put_nowait(connection)


async def query(connection: Connection, text: str) -> str:
    reader, writer = connection
    writer.write(text.encode() + b"\n")
    return (await reader.readline()).decode().strip()


async def order(request: web.Request) -> web.Response:
    """Makes two queries on one connection, as in a transaction."""
    async with connected() as connection:
        row = await query(connection, f"SELECT order {request.match_info['number']}")
        lines = await query(connection, "SELECT lines")
    return web.json_response({"order": row, "lines": lines})


async def about(_: web.Request) -> web.Response:
    """Waits without the database."""
    await asyncio.sleep(0.02)
    return web.json_response({"name": "orders"})


async def health(_: web.Request) -> web.Response:
    return web.Response(text="well\n")


async def database(_: web.Application) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(sys.executable, "database.py", stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    for _number in range(CONNECTIONS):
        pool.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    yield
    process.terminate()
    await process.wait()


app = web.Application()
app.add_routes([web.get("/orders/{number}", order), web.get("/about", about), web.get("/health", health)])
app.cleanup_ctx.append(database)

if __name__ == "__main__":
    web.run_app(
        app, host=os.getenv("HOST", "0.0.0.0"), port=int(os.getenv("PORT", "8080")), print=None, access_log=None
    )
