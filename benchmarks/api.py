"""Compares the API with moto's server, DescribeService with DescribeTable: `python -m benchmarks.api`.

Both are AWS JSON 1.0 reads of one resource by its name. wrk, on another core, sends the same signed request again and
again; each server has one core. This API verifies every signature, moto none. This API has 100 running services
(simulated instances), moto as many tables. Rounds alternate. The last rounds have two connections and measure latency,
in turn with a bare event loop that only computes for the same time per request: the difference between its 99th
percentile and its median is caused by the machine.

`--turns` measures without sockets: the CPU time of the event loop per DescribeService, including what the audit log
writes in the same iteration. A busy machine changes it little.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import boto3
import uvloop
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks.balancer.pinned import Pinned
from simulator.api.access_keys import AccessKey, AccessKeys
from simulator.api.api_listener import ApiListener
from simulator.api.authentication import Authentication
from simulator.api.calls import ApiCalls
from simulator.assembly.control_plane import ControlPlaneSettings, open_control_plane
from simulator.cli.listening import keep_what_started
from simulator.control.api_context import ApiSettings
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.principal import Principal
from simulator.model.resources.quotas import Quotas

RATE_TARGET: Final = 3000.0
RATIO_TARGET: Final = 8.0
P99_MS_TARGET: Final = 20.0
P99_OF_P50_TARGET: Final = 5.0  # with two connections
TURNS: Final = 20_000

KEY, SECRET, REGION = "AKIDBENCH", "bench-secret", "us-east-1"
SERVICES: Final = 100
IMAGE: Final = "public.ecr.aws/aws-containers/hello-app-runner:latest"
SERVER_CORE, CLIENT_CORE = 0, 1
BARE_SHARE: Final = 0.8  # share of a request's CPU time; the rest is socket I/O, which the bare loop has too


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one round. `cpu_us`: CPU time of the server per request, which is comparable on a shared machine."""

    rate_rps: float
    cpu_us: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Server:
    """A server under load. `script`: wrk's script with the signed request."""

    name: str
    url: str
    script: Path
    process: Pinned


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of a round")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--turns", action="store_true", help="measure turns of the event loop instead")
    parser.add_argument("--serve", metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--bare", type=int, nargs=2, metavar=("PORT", "MICROSECONDS"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        uvloop.run(_serve(Path(asked.serve)))
        return
    if asked.bare:
        uvloop.run(_serve_bare(*asked.bare))
        return
    if asked.turns:
        uvloop.run(_turns())
        return
    for program in ("wrk", "taskset"):
        if shutil.which(program) is None:
            sys.exit(f"{program} has to be installed")
    with tempfile.TemporaryDirectory() as folder, ours(Path(folder)) as us, moto(Path(folder)) as peer:
        servers = (us, peer)
        rounds: dict[str, list[Figures]] = {server.name: [] for server in servers}
        for server in servers:
            load(server, 1, asked.connections)
        for _ in range(asked.rounds):
            for server in servers:
                rounds[server.name].append(load(server, asked.seconds, asked.connections))
        cpu_us = statistics.median(each.cpu_us for each in rounds["simulator"])
        with bare(Path(folder), us.script, int(cpu_us * BARE_SHARE)) as floor:
            pairs = [(load(us, asked.seconds, 2), load(floor, asked.seconds, 2)) for _ in range(asked.rounds)]
    report(rounds, pairs, asked.connections)


# --- the servers -----------------------------------------------------------------------------------------------------


async def _serve(folder: Path) -> None:
    settings = ControlPlaneSettings(
        state=folder / "state",
        listener=ApiListener(),
        authentication=Authentication(AccessKeys([AccessKey(KEY, SECRET)])),
        api=ApiSettings(quotas=Quotas(services=SERVICES)),
    )
    async with await open_control_plane(settings, SimulatedWorkload()) as plane:
        keep_what_started()
        sys.stdout.write(plane.url + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


class _Bare(asyncio.Protocol):
    """Computes for `seconds` of CPU time, then answers."""

    def __init__(self, seconds: float) -> None:
        self._ns = int(seconds * 1e9)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, _data: bytes) -> None:
        end_ns = time.thread_time_ns() + self._ns
        while time.thread_time_ns() < end_ns:
            pass
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")


async def _serve_bare(port: int, microseconds: int) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Bare(microseconds / 1e6), "127.0.0.1", port)
    await server.serve_forever()


async def _turns() -> None:
    """Measure the CPU time that DescribeService takes of the event loop."""
    with tempfile.TemporaryDirectory() as folder:
        settings = ControlPlaneSettings(state=Path(folder), api=ApiSettings(quotas=Quotas(services=SERVICES)))
        async with await open_control_plane(settings, SimulatedWorkload()) as plane:
            calls, caller = ApiCalls(plane.api), Principal("123456789012", REGION, KEY, "request", "127.0.0.1", "wrk")
            source = {"ImageRepository": {"ImageIdentifier": IMAGE, "ImageRepositoryType": "ECR_PUBLIC"}}
            arns = []
            for number in range(SERVICES):
                request = {"ServiceName": f"service-{number}", "SourceConfiguration": source}
                arns.append(calls.call(caller, "CreateService", request)["Service"]["ServiceArn"])
            await plane.api.operations.settled()
            keep_what_started()
            taken_us = []
            for _ in range(TURNS):
                before_ns = time.thread_time_ns()
                calls.call(caller, "DescribeService", {"ServiceArn": arns[SERVICES // 2]})
                taken_us.append((time.thread_time_ns() - before_ns) / 1000)
    cuts = statistics.quantiles(taken_us, n=1000)
    _say(
        f"turns of DescribeService: mean {statistics.fmean(taken_us):.0f} us of CPU, p50 {cuts[499]:.0f}, "
        f"p99 {cuts[989]:.0f}, p99.9 {cuts[998]:.0f}, longest {max(taken_us):.0f}"
    )


@contextmanager
def ours(folder: Path) -> Iterator[Server]:
    command = [sys.executable, "-m", "benchmarks.api", "--serve", str(folder)]
    with Pinned(command, SERVER_CORE, folder / "ours.log", stdout=subprocess.PIPE) as process:
        assert process.process.stdout is not None
        url = process.process.stdout.readline().decode().strip()
        client = _client("apprunner", url)
        source = {"ImageRepository": {"ImageIdentifier": IMAGE, "ImageRepositoryType": "ECR_PUBLIC"}}
        arns = [
            client.create_service(ServiceName=f"service-{number}", SourceConfiguration=source)["Service"]["ServiceArn"]
            for number in range(SERVICES)
        ]
        while client.describe_service(ServiceArn=arns[-1])["Service"]["Status"] != "RUNNING":
            time.sleep(0.05)  # noqa: TID251 as a client waits
        body = {"ServiceArn": arns[SERVICES // 2]}
        script = _script(folder / "ours.lua", url, "apprunner", "AppRunner.DescribeService", body)
        yield Server("simulator", url, script, process)


@contextmanager
def moto(folder: Path) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with Pinned(command, SERVER_CORE, folder / "moto.log") as process:
        process.until_it_listens(port)
        client = _client("dynamodb", url)
        for number in range(SERVICES):
            client.create_table(
                TableName=f"table-{number}",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        body = {"TableName": f"table-{SERVICES // 2}"}
        script = _script(folder / "moto.lua", url, "dynamodb", "DynamoDB_20120810.DescribeTable", body)
        yield Server("moto", url, script, process)


@contextmanager
def bare(folder: Path, script: Path, microseconds: int) -> Iterator[Server]:
    """Run an event loop on the same core that takes `microseconds` per request."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.api", "--bare", str(port), str(microseconds)]
    with Pinned(command, SERVER_CORE, folder / "bare.log") as process:
        process.until_it_listens(port)
        yield Server("bare loop", f"http://127.0.0.1:{port}", script, process)


def _client(service: str, url: str) -> Any:
    return boto3.client(
        service, endpoint_url=url, region_name=REGION, aws_access_key_id=KEY, aws_secret_access_key=SECRET
    )


# --- the load --------------------------------------------------------------------------------------------------------


def _script(file: Path, url: str, service: str, target: str, body: dict[str, str]) -> Path:
    """Write a wrk script with one signed request, valid for five minutes, and with the figures to print at the end."""
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target}
    request = AWSRequest("POST", f"{url}/", data=json.dumps(body), headers=headers)
    SigV4Auth(Credentials(KEY, SECRET), service, REGION).add_auth(request)
    lines = ['wrk.method = "POST"', f"wrk.body = {json.dumps(json.dumps(body))}"]
    lines += [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in request.headers.items()]
    lines += [
        "done = function(summary, latency)",
        "  local errors = summary.errors",
        "  local failed = errors.status + errors.connect + errors.read + errors.timeout",
        '  io.write(string.format("figures %d %d %d %d %d\\n", summary.requests, summary.duration, failed,',
        "    latency:percentile(50), latency:percentile(99)))",
        "end",
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def load(server: Server, seconds: int, connections: int) -> Figures:
    command = ["taskset", "--cpu-list", str(CLIENT_CORE), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    before_s = server.process.cpu_s()
    done = subprocess.run(
        [*command, "-s", str(server.script), f"{server.url}/"], check=True, capture_output=True, text=True
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("figures "))
    requests, duration_us, failed, p50_us, p99_us = (int(figure) for figure in line.split()[1:])
    assert not failed, f"{server.name}: {failed} requests failed"
    cpu_us = (server.process.cpu_s() - before_s) / requests * 1e6
    return Figures(requests / duration_us * 1e6, cpu_us, p50_us / 1000, p99_us / 1000)


def report(rounds: dict[str, list[Figures]], pairs: list[tuple[Figures, Figures]], connections: int) -> None:
    for name, figures in rounds.items():
        rates = sorted(each.rate_rps for each in figures)
        p99 = statistics.median(each.p99_ms for each in figures)
        _say(
            f"{name}: {statistics.median(rates):,.0f} requests/s (from {rates[0]:,.0f} to {rates[-1]:,.0f}), "
            f"{statistics.median(each.cpu_us for each in figures):,.0f} us of CPU each, "
            f"p99 {p99:.1f} ms with {connections} connections"
        )
    us, peer = (statistics.median(each.rate_rps for each in figures) for figures in rounds.values())
    worst = statistics.median(each.p99_ms for each in rounds["simulator"])
    _say(f"rate: {us:,.0f}/s, target {RATE_TARGET:,.0f}/s; {us / peer:.1f} x moto, target {RATIO_TARGET:g} x")
    _say(f"p99 with {SERVICES} services: {worst:.1f} ms at the full rate, target {P99_MS_TARGET:g} ms")
    for name, few in (("simulator", [pair[0] for pair in pairs]), ("bare event loop", [pair[1] for pair in pairs])):
        p50 = statistics.median(each.p50_ms for each in few)
        p99 = statistics.median(each.p99_ms for each in few)
        ratio = f"{p99 / p50:.1f} x, target of the simulator {P99_OF_P50_TARGET:g} x"
        _say(f"  with 2 connections, {name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms, {ratio}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
