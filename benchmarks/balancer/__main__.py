"""`python -m benchmarks.balancer [--rounds N] [--seconds S] [--idle N] [--only NAME,...]`; see README.md."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import ssl
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, Never

from benchmarks.balancer import idle, latency
from benchmarks.balancer.origin import run_origin
from benchmarks.balancer.peers import PROXIES, Proxy
from benchmarks.balancer.pinned import Pinned
from benchmarks.balancer.places import HOST, OTHER_CORE, PROXY_CORE, Places, free_ports
from benchmarks.balancer.report import DIRECT, Results, idle_table, text
from benchmarks.balancer.wrk import CASES, Case, Wrk
from simulator.wire.ca import CertificateAuthority
from simulator.wire.tls import client_context
from simulator.world.clock import utc_now

LATENCY: Final = "latency"
IDLE: Final = "idle"
MEASUREMENTS: Final = (*(case.name for case in CASES), LATENCY, IDLE)


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of the command line."""

    proxies: Sequence[Proxy]
    measurements: frozenset[str]
    rounds: int
    seconds: int
    idle: int

    @property
    def cases(self) -> list[Case]:
        return [case for case in CASES if case.name in self.measurements]


class Ground:
    """The folder, certificates and origin of one run."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self.wrk = Wrk(folder)
        authority = CertificateAuthority(folder / "ca", utc_now())
        self._certificate = authority.leaf(HOST, utc_now())
        self.root = authority.certificate_path
        self.client_tls: ssl.SSLContext = client_context(authority)
        self.origin_port = free_ports(1)[0]
        stack.enter_context(run_origin(self.origin_port, folder))

    def run(self, proxy: Proxy, stack: ExitStack) -> tuple[Pinned, Places] | None:
        """Start a proxy, which runs until `stack` is closed.

        If it is not installed, print how to install it and return None.
        """
        folder = Path(tempfile.mkdtemp(prefix=f"{proxy.name}.", dir=self._folder))
        tls_port, plain_port = free_ports(2)
        places = Places(tls_port, plain_port, self.origin_port, self._certificate, folder)
        process = proxy.run(places)
        if process is None:
            say(f"{proxy.name} is left out; to have it: {proxy.install}")
            return None
        stack.enter_context(process)
        return process, places


def main() -> None:
    settings = _desired()
    if not {PROXY_CORE, OTHER_CORE} <= os.sched_getaffinity(0):
        sys.exit(f"cores = {sorted(os.sched_getaffinity(0))}, must have {PROXY_CORE} and {OTHER_CORE}")
    os.sched_setaffinity(0, {OTHER_CORE})
    signal.signal(signal.SIGTERM, _end)  # by an exception, so that every started process is stopped
    results = Results()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="balancer-")))
        try:
            ground = Ground(folder, stack)
        except RuntimeError as error:
            sys.exit(str(error))
        print(
            f"{platform.platform()}, CPython {platform.python_version()}, "
            f"{settings.rounds} rounds of {settings.seconds} s\n"
        )
        _measure_rounds(settings, ground, results)
        print(text(results), flush=True)
        if IDLE in settings.measurements and settings.idle:
            _measure_idle(settings, ground, results)
            print(f"\n{idle_table(results.idle_bytes, settings.idle)}")


def _measure_rounds(settings: Settings, ground: Ground, results: Results) -> None:
    """Measure all proxies in rounds; each round begins with another proxy."""
    with ExitStack() as stack:
        running = {}
        for proxy in settings.proxies:
            ran = ground.run(proxy, stack)
            if ran is not None:
                running[proxy.name] = ran
        for number in range(settings.rounds):
            turn = number % max(1, len(running))
            order = [*list(running)[turn:], *list(running)[:turn]]
            for case in settings.cases:
                say(f"round {number + 1}/{settings.rounds}: {case.title}")
                for name in order:
                    results.add(case.name, name, ground.wrk.measure(case, *running[name], settings.seconds))
            if LATENCY in settings.measurements:
                say(f"round {number + 1}/{settings.rounds}: latency")
                _measure_latency(order, running, ground, results, settings.seconds, number)


def _measure_latency(
    order: Sequence[str],
    running: Mapping[str, tuple[Pinned, Places]],
    ground: Ground,
    results: Results,
    seconds: int,
    seed: int,
) -> None:
    alone_s = latency.p95_s(HOST, ground.origin_port, None, seconds, seed)
    results.p95_s.setdefault(DIRECT, []).append(alone_s)
    for name in order:
        port = running[name][1].tls_port
        results.p95_s.setdefault(name, []).append(latency.p95_s(HOST, port, ground.client_tls, seconds, seed))


def _measure_idle(settings: Settings, ground: Ground, results: Results) -> None:
    for proxy in settings.proxies:
        say(f"{settings.idle} idle connections: {proxy.name}")
        with ExitStack() as stack:
            ran = ground.run(proxy, stack)
            if ran is None:
                continue
            try:
                results.idle_bytes[proxy.name] = idle.bytes_each(*ran, settings.idle, ground.root)
            # a proxy that cannot keep so many connections must not prevent the other figures
            except RuntimeError as error:
                say(f"{proxy.name}: {error}")


def _desired() -> Settings:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.balancer", description="This balancer and its peers.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of one measurement of one proxy")
    parser.add_argument("--idle", type=int, default=10_000, help="connections that are opened and left alone")
    names = [proxy.name for proxy in PROXIES]
    parser.add_argument(
        "--only", default="", help=f"names of proxies ({', '.join(names)}) and measurements ({', '.join(MEASUREMENTS)})"
    )
    asked = parser.parse_args()
    only = {name for name in asked.only.split(",") if name}
    unknown = only - {*names, *MEASUREMENTS}
    if unknown:
        parser.error(f"only = {', '.join(sorted(unknown))}, must be among {', '.join([*names, *MEASUREMENTS])}")
    for name in ("rounds", "seconds"):
        if getattr(asked, name) < 1:
            parser.error(f"{name} = {getattr(asked, name)}, must be at least 1")
    proxies = [proxy for proxy in PROXIES if not only & set(names) or proxy.name in only]
    measurements = frozenset(only & set(MEASUREMENTS) or MEASUREMENTS)
    return Settings(proxies, measurements, asked.rounds, asked.seconds, asked.idle)


def say(what: str) -> None:
    """Print progress on standard error, separate from the result."""
    print(what, file=sys.stderr, flush=True)


def _end(_number: int, _frame: FrameType | None) -> Never:
    raise SystemExit("ended by a signal")


if __name__ == "__main__":
    main()
