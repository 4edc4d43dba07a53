"""`simulator serve` with a VPC in a separate process, called by the unmodified AWS CLI, with requests over TLS."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

from tests.live.client_tools import aws_cli_2

_PATIENCE_S: Final = 120.0
ORDERS: Final = Path(__file__).parents[2] / "scenarios" / "apps" / "orders.py"

CONFIGURATION: Final = """\
aws: {{endpoint: "{moto}"}}
metrics: {{port: 0}}
instances: {{settle: 0s, stop_grace: 2s}}
applications:
  processes: {{process: {{command: python orders.py, working_directory: "{folder}"}}}}
network:
  vpcs:
    vpc-0shop:
      cidr: 10.0.0.0/16
      subnets:
        subnet-0private: {{cidr: 10.0.1.0/24, zone: us-east-1a}}
        subnet-0nat: {{cidr: 10.0.2.0/24, zone: us-east-1b, nat: true}}
      security_groups:
        sg-0orders: {{}}
        sg-0other: {{}}
        sg-0data: {{ingress: [{{ports: 5432, from: sg-0orders}}, {{ports: 6379, from: sg-0orders}}]}}
        sg-0web: {{ingress: [{{ports: 443, from: sg-0orders}}]}}
      endpoints:
        vpce-0services: {{address: 10.0.8.5, groups: sg-0web}}
      members:
        orders-db.internal: {{address: 10.0.9.10, groups: sg-0data, ports: {{5432: 127.0.0.1:{database}}}}}
        cache.internal: {{address: 10.0.9.11, groups: sg-0data, ports: {{6379: 127.0.0.1:{cache}}}}}
"""


@dataclass
class VpcStage:
    """`simulator serve` in a separate process."""

    api_url: str
    metrics_url: str
    https_port: int
    root: str
    run: subprocess.Popen[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)

    def aws(self, *words: str, endpoint: str | None = None) -> dict[str, Any]:
        """Call the AWS CLI; return its response."""
        done = self.attempt(*words, endpoint=endpoint)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout or "{}")
        return answer

    def attempt(self, *words: str, endpoint: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(aws_cli_2()), *words, "--endpoint-url", endpoint or self.api_url, "--output", "json"]
        environment = {
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": "us-east-1",
            "HOME": os.environ["HOME"],  # noqa: TID251 the tests' own door
            "PATH": "/usr/bin:/bin",
        }
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    def settled(self, arn: str, status: str = "RUNNING") -> dict[str, Any]:
        """Wait until the service is in that state after an operation that succeeded; return the service.

        A service whose deployment failed is RUNNING too, with its previous version.
        """
        service: dict[str, Any] = {}

        def there() -> bool:
            service.update(self.aws("apprunner", "describe-service", "--service-arn", arn)["Service"])
            return bool(service["Status"] != "OPERATION_IN_PROGRESS")

        until(there)
        assert service["Status"] == status, service
        last = self.aws("apprunner", "list-operations", "--service-arn", arn)["OperationSummaryList"][0]
        assert last["Status"] == "SUCCEEDED", f"{last}: {self.log.read_text()}"
        return service

    def ask(
        self, url: str, method: str = "GET", path: str = "/", address: str = "127.0.0.1"
    ) -> tuple[int, dict[str, Any]]:
        """Send a request to a service, as a client on this machine does; return status and JSON."""
        name = url.replace(".awsapprunner.com", ".awsapprunner.localhost")
        context = ssl.create_default_context(cafile=self.root)
        plain = socket.create_connection((address, self.https_port), timeout=30)
        with context.wrap_socket(plain, server_hostname=name) as wire:
            connection = HTTPConnection(name, self.https_port)
            connection.sock = wire
            connection.request(method, path)
            answer = connection.getresponse()
            body = answer.read()
            try:
                return answer.status, json.loads(body)
            except ValueError:
                return answer.status, {"text": body.decode()}

    def instances(self, service: str, *states: str) -> int:
        """Return the number of instances in these states, from the Prometheus endpoint."""
        with urlopen(self.metrics_url) as answer:
            text = answer.read().decode()
        found: list[tuple[str, str]] = re.findall(rf'_instances\{{([^}}]*service="{service}"[^}}]*)\}} (\S+)', text)
        return sum(
            int(float(count)) for labels, count in found if any(f'state="{state}"' in labels for state in states)
        )

    @contextmanager
    def load(self, url: str, clients: int) -> Iterator[list[int]]:
        """Send requests without a pause from so many clients; yield the statuses so far."""
        stop, statuses = threading.Event(), list[int]()

        def send() -> None:
            while not stop.is_set():
                try:
                    statuses.append(self.ask(url)[0])
                except (OSError, HTTPException):
                    statuses.append(0)

        threads = [threading.Thread(target=send) for _ in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield statuses
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def until(holds: Any, patience_s: float = _PATIENCE_S) -> None:
    """Wait for a state of another process. Raises AssertionError after the time limit."""
    end = time.monotonic() + patience_s  # noqa: TID251 other processes
    while not holds():
        assert time.monotonic() < end, "what was waited for did not happen"  # noqa: TID251
        time.sleep(0.1)  # noqa: TID251 nothing announces it


@contextmanager
def serving(folder: Path, configuration: str) -> Iterator[VpcStage]:
    (folder / "serve.yaml").write_text(configuration, encoding="utf-8")
    command = [sys.executable, "-u", "-m", "simulator", "serve", "--state", str(folder / "state"), "--port", "0"]
    command += ["--config", str(folder / "serve.yaml"), "--https-port", "0", "--http-port", "0"]
    log = folder / "serve.log"
    with log.open("w") as errors, subprocess.Popen(command, stdout=errors, stderr=errors, text=True) as run:
        try:
            until(lambda: "metrics at" in log.read_text() or run.poll() is not None)
            text = log.read_text()
            assert run.poll() is None, text
            port, root = re.search(r":(\d+), root certificate: (\S+)", text).groups()  # type: ignore[union-attr]
            api, metrics = (re.search(rf"{what} at (http\S+?),?\s", text) for what in ("API", "metrics"))
            assert api is not None, text
            assert metrics is not None, text
            yield VpcStage(api[1], metrics[1], int(port), root, run, log)
            run.send_signal(signal.SIGINT)
            assert run.wait(60) == 0, log.read_text()
        finally:
            run.kill()
