"""Closed-loop load with wrk, and the CPU time and memory of the proxy during the load."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.balancer.origin import LARGE, SMALL
from benchmarks.balancer.pinned import Pinned
from benchmarks.balancer.places import ADDRESS, HOST, OTHER_CORE, Places

_SCRIPT: Final = Path(__file__).with_name("report.lua")
_WARM_UP_S: Final = 1
_US_PER_S: Final = 1e6

# One cipher suite for every proxy, whichever each would prefer: BoringSSL chooses AES-128 where OpenSSL chooses
# AES-256.
_OPENSSL_CONF: Final = """
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
Ciphersuites = TLS_AES_128_GCM_SHA256
Groups = X25519
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A case. `closes`: each request has a connection of its own, with a full handshake."""

    name: str
    title: str
    tls: bool = True
    path: str = SMALL
    connections: int = 64
    closes: bool = False


HEADLINE: Final = Case("tls", "TLS keep-alive, small answers, 64 connections")
LARGE_ANSWERS: Final = Case("large", "TLS keep-alive, 1 MB answers, 16 connections", path=LARGE, connections=16)
CASES: Final = (
    HEADLINE,
    Case("plain", "plain HTTP keep-alive, small answers, 64 connections", tls=False),
    LARGE_ANSWERS,
    Case("new", "a new TLS connection for each request, 32 at a time", connections=32, closes=True),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of one case on one proxy.

    `cpu_us`: CPU time of the proxy per request; `busy`: share of its core, 0 to 1.

    `failed`: requests without an answer, or with another status than 2xx or 3xx.
    """

    requests: int
    failed: int
    cpu_us: float
    busy: float
    rate_rps: float
    bytes_per_s: float
    p50_ms: float
    p99_ms: float


class Wrk:
    """Runs wrk. Raises RuntimeError if wrk is not installed."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("wrk") is None:
            raise RuntimeError("the client is wrk: apt-get install wrk")
        self._configuration = folder / "openssl.cnf"
        self._configuration.write_text(_OPENSSL_CONF, encoding="ascii")

    def measure(self, case: Case, proxy: Pinned, places: Places, seconds: int) -> Measured:
        self._load(case, places, _WARM_UP_S)
        before_s = proxy.cpu_s()
        figures = self._load(case, places, seconds)
        used_s = proxy.cpu_s() - before_s
        requests, duration_us, size, broken, timeouts, rejected, p50_us, p99_us = figures
        duration_s = duration_us / _US_PER_S
        return Measured(
            requests=requests,
            failed=broken + timeouts + rejected,
            cpu_us=used_s * _US_PER_S / max(1, requests),
            busy=used_s / duration_s,
            rate_rps=requests / duration_s,
            bytes_per_s=size / duration_s,
            p50_ms=p50_us / 1000,
            p99_ms=p99_us / 1000,
        )

    def _load(self, case: Case, places: Places, seconds: int) -> list[int]:
        scheme, port = ("https", places.tls_port) if case.tls else ("http", places.plain_port)
        headers = [f"Host: {HOST}", *(["Connection: close"] if case.closes else [])]
        command = [
            *("taskset", "--cpu-list", str(OTHER_CORE), "wrk", "--threads", "1", "--script", str(_SCRIPT)),
            *("--connections", str(case.connections), "--duration", f"{seconds}s"),
            *(part for header in headers for part in ("--header", header)),
            f"{scheme}://{ADDRESS}:{port}{case.path}",
        ]
        environment = {**os.environ, "OPENSSL_CONF": str(self._configuration)}  # noqa: TID251 wrk needs the rest of it
        output = subprocess.run(command, check=True, capture_output=True, encoding="utf-8", env=environment).stdout
        line = next(line for line in output.splitlines() if line.startswith("figures "))
        return [int(figure) for figure in line.split()[1:]]
