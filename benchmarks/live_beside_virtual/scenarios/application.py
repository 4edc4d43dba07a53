"""The application of these scenarios: about a millisecond of CPU time, then a wait of 100 ms, as for a database."""

import asyncio
import os
import random  # noqa: TID251 an application's own
import signal


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            sum(range(20_000))
            await asyncio.sleep(random.lognormvariate(-2.3, 0.15))  # median 100 ms, 95th percentile 128 ms
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with await asyncio.start_server(serve, os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8080"))):
        await ended.wait()


asyncio.run(main())
