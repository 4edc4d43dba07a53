"""The database of the order service: answers a line after 12 ms, give or take a few; prints its port."""

from __future__ import annotations

import asyncio
import random

chance = random.Random(15)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.readline():
        await asyncio.sleep(chance.lognormvariate(-4.4, 0.2))
        writer.write(b"42 rows\n")
    writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
