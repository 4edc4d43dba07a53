"""A plain reverse proxy with aiohttp's server and client, written as their documentation suggests.

    python -m benchmarks.balancer.aiohttp_proxy ORIGIN_PORT TLS_PORT PLAIN_PORT CERTIFICATE FOLDER [asyncio]

With `asyncio` on the event loop of the standard library, which `web.run_app` uses by default; otherwise on uvloop and
with whole bodies instead of streams, which is faster.
"""

from __future__ import annotations

import asyncio
import signal
import ssl
import sys
from pathlib import Path

import aiohttp
from aiohttp import web

from benchmarks.balancer.places import ADDRESS, KEEP_ALIVE_S
from simulator.world.clock import ClockKind, run

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "te", "trailer"})


class Relay:
    def __init__(self, session: aiohttp.ClientSession, origin: str) -> None:
        self._session = session
        self._origin = origin

    async def handle(self, request: web.BaseRequest) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        headers["X-Forwarded-For"] = request.remote or "unknown"
        headers["X-Forwarded-Proto"] = request.scheme
        body = await request.read() if request.can_read_body else None
        async with self._session.request(
            request.method, self._origin + request.path_qs, headers=headers, data=body, allow_redirects=False
        ) as answer:
            kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP]
            return web.Response(status=answer.status, headers=kept, body=await answer.read())


async def serve(origin_port: int, tls_port: int, plain_port: int, certificate: Path, stop: asyncio.Event) -> None:
    """Serve until `stop` is set."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate)
    connector = aiohttp.TCPConnector(limit=200)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        relay = Relay(session, f"http://{ADDRESS}:{origin_port}")
        runner = web.ServerRunner(web.Server(relay.handle, keepalive_timeout=KEEP_ALIVE_S))
        await runner.setup()
        await web.TCPSite(runner, ADDRESS, tls_port, ssl_context=context, backlog=1024).start()
        await web.TCPSite(runner, ADDRESS, plain_port, backlog=1024).start()
        await stop.wait()
        await runner.cleanup()


def main() -> None:
    origin_port, tls_port, plain_port = map(int, sys.argv[1:4])
    stops: list[asyncio.Event] = []

    async def until_stopped() -> None:
        stop = asyncio.Event()
        stops.append(stop)
        await serve(origin_port, tls_port, plain_port, Path(sys.argv[4]), stop)

    def end() -> None:
        stops[0].set()

    if "asyncio" in sys.argv[6:]:
        with asyncio.Runner() as runner:
            for number in (signal.SIGINT, signal.SIGTERM):
                runner.get_loop().add_signal_handler(number, end)
            runner.run(until_stopped())
    else:
        run(ClockKind.REAL, until_stopped, on_interrupt=end)


if __name__ == "__main__":
    main()
