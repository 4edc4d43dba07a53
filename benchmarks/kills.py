"""`kill -9` of `simulator serve` at random moments: start times, and what remains: `python -m benchmarks.kills`.

There are four services, each with one process, and clients that deploy, pause and resume them all the time. The start
times after a clean end are compared with those after the kills: until all services are RUNNING and answer through the
balancer. `--orphans` adds that many folders of killed simulators.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import socket
import ssl
import tempfile
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

from simulator.cli import app
from simulator.fleet.process.confinement.cgroup import NoGroupsError
from simulator.fleet.process.confinement.group_search import find_home
from simulator.fleet.process.confinement.sweep import MARK, owner_name
from simulator.world.clock import wall_s
from simulator.world.random_streams import RandomStreams

SERVICES: Final = 4
OPERATIONS: Final = ("StartDeployment", "StartDeployment", "PauseService", "ResumeService")
LIVES_S: Final = (0.1, 0.5, 1.0, 2.0)  # maximum seconds until a kill
START_S_MAX: Final = 120.0
APPLICATION: Final = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("content-length", "2"); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


# Modules that a start imports on demand, imported here once for all starts.
for needed in ("cli.platform.serve", "assembly.serving", "fleet.process.driver", "fleet.docker.driver"):
    import_module(f"simulator.{needed}")

_T = TypeVar("_T")


class Simulator:
    """A `simulator serve` that is started repeatedly with the same state.

    A start is a fork, so it excludes the imports.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port, self.pid = folder, port, 0
        self.scratch = folder / "tmp"
        self.scratch.mkdir()
        (folder / "app.py").write_text(APPLICATION, encoding="utf-8")
        services = [f"  kill-{number}: {{process: {{command: python app.py}}}}\n" for number in range(SERVICES)]
        (folder / "serve.yaml").write_text(f"version: 1\napplications:\n{''.join(services)}", encoding="utf-8")

    def start(self) -> float:
        """Start the simulator. Return the time of the start."""
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._serve()
            finally:
                os._exit(1)
        return wall_s()

    def _serve(self) -> None:
        log = os.open(self.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.setsid()
        tempfile.tempdir = None
        os.environ["TMPDIR"] = str(self.scratch)  # noqa: TID251 of the child
        ports = ("--port", str(self.port), "--https-port", str(self.port + 1))
        app(["serve", "--state", str(self.folder / "state"), "--config", str(self.folder / "serve.yaml"), *ports])

    def end(self, number: signal.Signals) -> float:
        """Send a signal to the simulator. Return the seconds until it has ended."""
        began_s = wall_s()
        os.kill(self.pid, number)
        os.waitpid(self.pid, 0)
        return wall_s() - began_s

    def call(self, operation: str, **body: Any) -> dict[str, Any]:
        """Call an operation. Raises OSError or HTTPException while the simulator is not running."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            head = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AppRunner.{operation}"}
            connection.request("POST", "/", json.dumps(body), head)
            answer: dict[str, Any] = json.loads(connection.getresponse().read() or b"{}")
            return answer
        finally:
            connection.close()

    def services(self) -> list[dict[str, Any]]:
        try:
            return list(self.call("ListServices").get("ServiceSummaryList", []))
        except (OSError, http.client.HTTPException, ValueError):
            return []

    def until_all_answer(self, began_s: float) -> float:
        """Wait until all services answer, and resume paused ones. Return the seconds since `began_s`."""
        pause = threading.Event()
        while wall_s() - began_s < START_S_MAX:
            found = self.services()
            for service in found:
                if service["Status"] == "PAUSED":
                    self.call("ResumeService", ServiceArn=service["ServiceArn"])
            running = [each for each in found if each["Status"] == "RUNNING" and self._answers(each["ServiceUrl"])]
            if len(running) == SERVICES:
                return wall_s() - began_s
            pause.wait(0.02)
        return float("inf")

    def _answers(self, host: str) -> bool:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.folder / "state" / "ca" / "root.pem")
        try:
            with (
                socket.create_connection(("127.0.0.1", self.port + 1), 5) as raw,
                context.wrap_socket(raw, server_hostname=host) as secure,
            ):
                secure.sendall(f"GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
                return secure.recv(100).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def left(self) -> str:
        """Describe what simulators of this benchmark have left on the machine."""
        folders = [entry.name for entry in self.scratch.iterdir()]
        processes = sum(_carries(entry, f"{MARK}={self.scratch}/".encode()) for entry in Path("/proc").glob("[0-9]*"))
        mounts = sum(str(self.folder) in line for line in Path("/proc/self/mountinfo").read_text().splitlines())
        sockets = Path("/proc/net/unix").read_text().count("@apprunner-simulator/port/")
        return (
            f"folders {len(folders)}, processes {processes}, control groups {len(_groups())}, mounts {mounts}, "
            f"reserved ports {sockets} (groups and ports: of all simulators on this machine)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--clients", type=int, default=2, help="that deploy, pause and resume; what they began goes on")
    parser.add_argument("--orphans", type=int, default=0, help="folders of dead simulators besides")
    parser.add_argument("--port", type=int, default=18690, help="of the API; the balancer has the next one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        run(Simulator(Path(folder), arguments.port), arguments.kills, arguments.clients, arguments.orphans)


def run(simulator: Simulator, kills: int, clients: int, orphans: int) -> None:
    print(f"before: {simulator.left()}")
    began_s = simulator.start()
    while not simulator.services() and wall_s() - began_s < START_S_MAX:
        try:
            make_services(simulator)
        except (OSError, http.client.HTTPException):
            continue
    simulator.until_all_answer(began_s)
    first_s = []
    for _ in range(3):
        simulator.end(signal.SIGTERM)
        first_s.append(simulator.until_all_answer(simulator.start()))
    print(f"first starts until {SERVICES} services answer: {', '.join(f'{took:.2f}' for took in first_s)} s")
    most = play(simulator, kills, clients)
    for number in range(orphans):
        prefix, namespace, _, start, _ = owner_name(os.getpid()).split("-")
        dead = f"{prefix}-{namespace}-99999999-{start}-{number}"
        (simulator.scratch / dead / "1-1" / "app").mkdir(parents=True)
    print(f"after {kills} kills: {simulator.left()}; folders at most {most}")
    next_s = [simulator.until_all_answer(simulator.start())]
    for _ in range(2):
        simulator.end(signal.SIGKILL)
        next_s.append(simulator.until_all_answer(simulator.start()))
    print(f"next starts, a kill before each: {', '.join(f'{took:.2f}' for took in next_s)} s")
    print(f"SIGTERM to its end: {simulator.end(signal.SIGTERM):.2f} s")
    threading.Event().wait(2)  # for the guards of killed simulators
    print(f"after its end: {simulator.left()}")


def make_services(simulator: Simulator) -> None:
    image = {"ImageIdentifier": "public.ecr.aws/x/y:1", "ImageRepositoryType": "ECR_PUBLIC"}
    source = {"AutoDeploymentsEnabled": False, "ImageRepository": image}
    for number in range(SERVICES):
        simulator.call("CreateService", ServiceName=f"kill-{number}", SourceConfiguration=source)


def play(simulator: Simulator, kills: int, clients: int) -> int:
    """Play the kills. Return the largest number of folders just after a kill."""
    arns = [service["ServiceArn"] for service in simulator.services()]
    ending, streams, most = threading.Event(), RandomStreams(11), 0
    moments = streams.stream("moments")

    def inject_fault(number: int) -> None:
        draw = streams.stream("client", str(number))
        while not ending.wait(0.01):
            try:
                simulator.call(picked(OPERATIONS, draw.random()), ServiceArn=picked(arns, draw.random()))
            except (OSError, http.client.HTTPException, ValueError):
                continue

    threads = [threading.Thread(target=inject_fault, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for _ in range(kills):
        ending.wait(moments.random() * picked(LIVES_S, moments.random()))
        simulator.end(signal.SIGKILL)
        most = max(most, len(list(simulator.scratch.iterdir())))
        simulator.start()
    simulator.end(signal.SIGKILL)
    ending.set()
    for thread in threads:
        thread.join()
    return most


# --- leaves ---


def picked(choices: Sequence[_T], drawn: float) -> _T:
    return choices[int(drawn * len(choices))]


def _carries(entry: Path, mark: bytes) -> bool:
    try:
        return mark in (entry / "environ").read_bytes()
    except OSError:
        return False


def _groups() -> list[Path]:
    try:
        return [group for root in find_home().roots() for group in root.glob("apprunner-*")]
    except NoGroupsError:
        return []


if __name__ == "__main__":
    main()
