"""`simulator up` of an unchanged project: on the port that it has in its code, for the hosts that it accepts."""

from __future__ import annotations

import re
import ssl
import sys
from pathlib import Path

import aiohttp
import pytest

from simulator.wire.dns.dns_lookup import ResolverLookup
from tests.live.test_serving import ToLoopback
from tests.live.test_start_explained import free_ports
from tests.live.test_up_watch import up
from tests.live.waiting import until

# The port is a literal, and it accepts App Runner's host names only.
PROJECT = """
import os, socket, sys
server = socket.create_server(("0.0.0.0", PORT))
while True:
    connection, _ = server.accept()
    with connection:
        head = connection.recv(65536).decode().lower()
        known = ".awsapprunner.com" in head.partition("host:")[2].split("\\r\\n")[0]
        body = os.environ["WHO"] if known else "DisallowedHost"
        status = "200 OK" if known else "400 Bad Request"
        connection.sendall(f"HTTP/1.1 {status}\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n{body}".encode())
"""
CONFIG = """
version: 1.0
runtime: nodejs22
build:
  commands:
    build:
      - {build}
run:
  command: {command}
  network:
    port: {port}
  env:
    - name: WHO
      value: {who}
"""


def config(port: int, who: str, command: str = f"{sys.executable} app.py") -> str:
    return CONFIG.format(build="true", command=command, port=port, who=who)


async def get(url: str, root: str) -> tuple[int, str]:
    connector = aiohttp.TCPConnector(resolver=ToLoopback(), ssl=ssl.create_default_context(cafile=root))
    async with aiohttp.ClientSession(connector=connector) as session, session.get(url) as answer:
        return answer.status, await answer.text()


@pytest.mark.slow
@pytest.mark.case("P5", "P21")
async def test_a_project_with_its_own_port_and_hosts_is_served_with_advice_in_the_log(tmp_path: Path) -> None:
    _, port = free_ports()
    async with up(
        tmp_path, PROJECT.replace("PORT", str(port)), config(port, "version 0"), "--dns-port", "0"
    ) as running:
        await until(running.given("with App Runner's name"))
        told = next(line for line in running.lines if line.startswith("https://"))
        found = re.fullmatch(r"(https://\S+)  \(root certificate: (.+)\)", told)
        assert found, told
        local, root = found[1], found[2]
        public = local.replace("shop.awsapprunner.localhost", "shop.us-east-1.awsapprunner.com")
        assert any(f"--resolve {public.removeprefix('https://')}:127.0.0.1 {public}" in line for line in running.lines)
        assert running.given(f"it listens on its fixed port {port} and not on $PORT")()
        (dns,) = (re.search(r"DNS at 127.0.0.1:(\d+)", line) for line in running.lines if line.startswith("DNS at"))
        assert dns is not None
        lookup = ResolverLookup("127.0.0.1", int(dns[1]))
        assert await lookup("shop.us-east-1.awsapprunner.com", "A") == frozenset({"127.0.0.1"})
        for _ in range(3):
            assert await get(local, root) == (400, "DisallowedHost")
        await until(running.given("[AppRunner] The first 3 answers are all 400."))
        assert await get(public, root) == (200, "version 0")
        running.save(config(port, "version 1"))
        await until(lambda: sum("Successfully routed" in line for line in running.lines) == 2)
        assert await get(public, root) == (200, "version 1")
        running.save(config(port, "bad", command="false"))
        await until(running.given("The previous version continues to serve."))
        assert await get(public, root) == (200, "version 1"), "the one port is the old version's again"
        assert running.given("it is stopped first")()
