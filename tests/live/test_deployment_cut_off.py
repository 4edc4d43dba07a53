"""A simulator is killed or interrupted at any step of a deployment: the old version or the new version serves."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.world.clock import ClockKind, run
from tests.cli.platform.test_serve import Served, serving
from tests.control.api_stage import PUBLIC_IMAGE
from tests.live.test_serving import APPLICATION
from tests.live.waiting import PATIENCE_S

# As a share of the five minutes measured on AWS: three seconds, so that a signal can hit every phase.
FACTOR = "0.01"
DEPLOYMENT_S = 300 * float(FACTOR)


def source(who: str) -> dict[str, Any]:
    configuration = {"RuntimeEnvironmentVariables": {"WHO": who}}
    image = {"ImageIdentifier": PUBLIC_IMAGE, "ImageRepositoryType": "ECR_PUBLIC"}
    return {"ImageRepository": image | {"ImageConfiguration": configuration}}


def front_port(served: Served) -> int:
    assert served.process.stdout is not None
    found = re.search(r":(\d+), root certificate", served.process.stdout.readline())
    assert found
    return int(found[1])


def get(state: Path, port: int, host: str) -> tuple[int, str]:
    context = ssl.create_default_context(cafile=next((state / "ca").glob("*.pem")))
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        secured.sendall(f"GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
        answer = b""
        while more := secured.recv(65536):
            answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


async def until(holds: Callable[[], bool]) -> None:
    """As `until` of waiting.py, with longer pauses, since each question is a request."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 there is no event for it
            await asyncio.sleep(0.05)


def answers(state: Path, port: int, host: str) -> Callable[[], bool]:
    """Return a condition: the service's instances have started again."""
    return lambda: get(state, port, host)[0] == 200


def is_running(served: Served, arn: str) -> Callable[[], bool]:
    return lambda: served.client.describe_service(ServiceArn=arn)["Service"]["Status"] == "RUNNING"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signal_number", "shares"),  # the time of the signal, as a share of the deployment's time
    [
        # during the pull, the start of the instances, and after the switch of traffic
        (signal.SIGKILL, (0.2, 0.6, 0.97)),
        (signal.SIGINT, (0.5,)),
    ],
)
def test_a_deployment_interrupted_anywhere_leaves_the_old_or_the_new_version_serving(
    tmp_path: Path, signal_number: int, shares: tuple[float, ...]
) -> None:
    application = tmp_path / "application"
    application.mkdir()
    (application / "app.py").write_text(APPLICATION, encoding="utf-8")
    config, state = tmp_path / "serve.yaml", tmp_path / "state"
    command = f"{{command: python3 app.py, working_directory: {application}}}"
    config.write_text(f'applications: {{"{PUBLIC_IMAGE}": {{process: {command}}}}}', encoding="utf-8")
    quick = ("--config", str(config))
    slow = (*quick, "--profile", "app-runner", "--time-factor", FACTOR)

    async def main() -> None:
        with serving(state, *quick) as served:
            made = served.client.create_service(ServiceName="hello", SourceConfiguration=source("0"))["Service"]
            arn, host = made["ServiceArn"], made["ServiceUrl"]
            await until(is_running(served, arn))
        for step, share in enumerate(shares, 1):
            with serving(state, *slow) as served:
                port = front_port(served)
                await until(answers(state, port, host))
                served.client.update_service(ServiceArn=arn, SourceConfiguration=source(str(step)))
                await asyncio.sleep(share * DEPLOYMENT_S)
                assert get(state, port, host)[0] == 200
                served.process.send_signal(signal_number)
                served.process.wait()
            with serving(state, *quick) as served:
                port = front_port(served)
                await until(answers(state, port, host))
                assert get(state, port, host)[1] in {str(step - 1), str(step)}
                await until(is_running(served, arn))
                assert get(state, port, host) == (200, str(step))  # the operation continued after the start
                newest = served.client.list_operations(ServiceArn=arn)["OperationSummaryList"][0]
                assert newest["Status"] == "SUCCEEDED"

    run(ClockKind.REAL, main)
