"""Imports a long access log: `python -m benchmarks.import_throughput [--gb 10] [--goaccess PATH]`.

A log in the Combined Log Format with `$request_time` is written to a temporary folder, plain and by gzip, imported by
`simulator import` in a process of its own, and deleted. Printed are the lines per second of CPU time, user and system,
and the peak of resident memory, for a log of a tenth of the size too: memory must not grow with the log. One of seven
requests has a path that no other has, and three have one of a million or a query of their own.

goaccess, if it is installed, reads the smaller log into its report. It computes other figures, and keeps addresses and
every path, so its rate shows an order of magnitude only.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, cast

import numpy as np

from simulator.world.random_streams import RandomStreams

BLOCK: Final = 50_000
RATE_RPS: Final = 500.0
FIRST_S: Final = 1_764_500_000
PATHS: Final = (
    "/",
    "/items/{0}",
    "/users/{0}/orders?token={1:x}",
    "/static/app.{2:08x}.js",
    "/cart",
    "/search?q={1:x}",
    "/sessions/{1:016x}",
)
AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
FILES: Final = 40
TARGET: Final = 200_000


class Used(NamedTuple):
    """CPU time in seconds and peak memory in bytes of a process."""

    cpu_s: float
    peak_bytes: int


def write_log(path: Path, size_bytes: int) -> int:
    """Write a log of at least this size, plain, and beside it by gzip; return its number of lines."""
    rng = RandomStreams(1).stream("log")
    written = lines = 0
    at_s = float(FIRST_S)
    with path.open("wb") as plain, gzip.open(f"{path}.gz", "wb", compresslevel=1) as packed:
        while written < size_bytes:
            block, at_s = _block(rng, at_s)
            plain.write(block)
            cast("BinaryIO", packed).write(block)
            written += len(block)
            lines += BLOCK
    return lines


def _block(rng: np.random.Generator, at_s: float) -> tuple[bytes, float]:
    gaps = rng.exponential(1 / RATE_RPS, BLOCK).tolist()
    kinds = rng.integers(0, len(PATHS), BLOCK).tolist()
    values = rng.integers(0, 2**40, BLOCK).tolist()
    times = rng.lognormal(-3, 0.8, BLOCK).tolist()
    sizes = rng.integers(200, 20_000, BLOCK).tolist()
    rows, second, stamp = [], -1, ""
    for gap, kind, value, length_s, size in zip(gaps, kinds, values, times, sizes, strict=True):
        at_s += gap
        if int(at_s) != second:
            second = int(at_s)
            stamp = datetime.fromtimestamp(second, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
        path = PATHS[kind].format(value % 1_000_000, value, value % FILES * 0x3F2A9C1)
        rows.append(
            f'10.2.{value % 256}.{kind} - - [{stamp}] "GET {path} HTTP/1.1" 200 {size} "https://shop.example/" '
            f'"{AGENT}" {length_s:.3f}\n'
        )
    return "".join(rows).encode(), at_s


def used_by(command: Sequence[str]) -> Used:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} failed")
    return Used(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def import_of(log: Path) -> Used:
    out = log.with_suffix(".yaml")
    command = [sys.executable, "-m", "simulator", "import", str(log), "--out", str(out), "--force", "--quiet"]
    return used_by(command)


def goaccess_of(goaccess: str, log: Path) -> Used:
    form = '%h - - [%d:%t %^] "%r" %s %b "%R" "%u" %T'
    out = log.with_suffix(".json")
    command = [goaccess, str(log), "--no-global-config", "--log-format", form, "--date-format", "%d/%b/%Y"]
    return used_by([*command, "--time-format", "%H:%M:%S", "-o", str(out)])


def row(name: str, lines: int, used: Used) -> str:
    rate = lines / used.cpu_s
    return f"| {name} | {lines:,} | {used.cpu_s:.1f} | {rate:,.0f} | {used.peak_bytes / 1024**2:.0f} MB |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--gb", type=float, default=1.0, help="size of the plain log in GB")
    parser.add_argument("--folder", type=Path, help="where the log is written (default: the temporary folder)")
    parser.add_argument("--goaccess", default=shutil.which("goaccess"), help="the command of goaccess")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
        folder = Path(temporary)
        size_bytes = round(options.gb * 1000**3)
        if shutil.disk_usage(folder).free < 2 * size_bytes:
            parser.error(f"--gb = {options.gb:g}, must leave half of the free space of {folder}")
        print(f"load of the machine: {os.getloadavg()[0]:.2f}; target: {TARGET:,} lines per CPU second")
        print("| reader, log | lines | CPU s | lines per CPU second | peak memory |")
        print("|---|---|---|---|---|")
        for share in (0.1, 1.0):
            log = folder / f"{share:g}.log"
            lines = write_log(log, round(size_bytes * share))
            for file in (log, Path(f"{log}.gz")):
                kind = "gzip" if file.suffix == ".gz" else "plain"
                shown = f"{log.stat().st_size / 1000**3:.2f} GB, {kind}"
                print(row(f"simulator import, {shown}", lines, import_of(file)), flush=True)
            if options.goaccess is not None and share < 1:
                shown = f"{log.stat().st_size / 1000**3:.2f} GB"
                print(row(f"goaccess, {shown}", lines, goaccess_of(options.goaccess, log)), flush=True)
            log.unlink()
            Path(f"{log}.gz").unlink()


if __name__ == "__main__":
    main()
