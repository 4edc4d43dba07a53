"""The console of `simulator serve`: services of the API, requests from outside, operations from the page."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import boto3
import pytest
from playwright.sync_api import Page

from tests.live.browser import Seen, chromium_or_skip, faults, opened_page, until
from tests.live.test_console_browser import said, service

pytestmark = pytest.mark.slow

IMAGE = "public.ecr.aws/aws-containers/hello-app-runner:latest"
CONFIGURATION = f"""
applications:
  "{IMAGE}": {{simulated: {{start_up: 200ms, io: 50ms}}}}
"""


@dataclass
class Served:
    """`simulator serve` in a separate process."""

    api_url: str
    console_url: str
    https_port: int
    root: str

    @property
    def api(self) -> Any:
        return self.api_in("us-east-1")

    def api_in(self, region: str) -> Any:
        return boto3.client(
            "apprunner",
            endpoint_url=self.api_url,
            region_name=region,
            aws_access_key_id="any",
            aws_secret_access_key="any",
        )

    def settled(self, arn: str, status: str = "RUNNING") -> None:
        """Wait until no operation is in progress and the service is in that state."""
        for _ in range(1200):
            if self.api.describe_service(ServiceArn=arn)["Service"]["Status"] == status:
                return
            threading.Event().wait(0.05)
        message = f"{arn} does not become {status}"
        raise AssertionError(message)

    def ask(self, host: str) -> int:
        """Send a request to a service, as a client on this machine does; return its status."""
        name = host.replace(".awsapprunner.com", ".awsapprunner.localhost")
        context = ssl.create_default_context(cafile=self.root)
        plain = socket.create_connection(("127.0.0.1", self.https_port), timeout=20)  # independent of name resolution
        with context.wrap_socket(plain, server_hostname=name) as wire:
            connection = HTTPConnection(name, self.https_port)
            connection.sock = wire
            connection.request("GET", "/")
            return connection.getresponse().status


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    (folder / "serve.yaml").write_text(CONFIGURATION, encoding="utf-8")
    command = [sys.executable, "-u", "-m", "simulator", "serve", "--state", str(folder / "state"), "--port", "0"]
    command += ["--config", str(folder / "serve.yaml"), "--https-port", "0", "--console", "--console-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        told: list[str] = []
        for line in run.stdout:
            told.append(line)
            if line.startswith("console at"):
                break
        text = "".join(told)
        port, root = re.search(r":(\d+), root certificate: (\S+)", text).groups()  # type: ignore[union-attr]
        try:
            yield Served(
                re.search(r"API at (\S+),", text)[1],  # type: ignore[index]
                re.search(r"console at (\S+)", text)[1],  # type: ignore[index]
                int(port),
                root,
            )
            run.send_signal(signal.SIGINT)
            run.stdout.read()
            assert run.wait(60) == 0
        finally:
            run.kill()


def test_services_of_the_api_are_watched_deployed_paused_and_resumed(tmp_path: Path) -> None:
    chromium_or_skip()
    with serving(tmp_path) as served, opened_page(served.console_url) as (page, seen):
        source = {"ImageRepository": {"ImageIdentifier": IMAGE, "ImageRepositoryType": "ECR_PUBLIC"}}
        made = served.api.create_service(ServiceName="hello", SourceConfiguration=source)["Service"]
        hello = service("hello")
        until(page, f"{hello}?.serving && {hello}.instances.s.length === 1")
        assert page.locator("#clock").is_hidden()
        assert page.locator("#traffic").is_hidden()  # its traffic comes from outside
        # Requests from outside are counted and shown.
        stop = threading.Event()

        def load() -> None:
            while not stop.is_set():
                assert served.ask(made["ServiceUrl"]) in {200, 429, 503}

        thread = threading.Thread(target=load)
        thread.start()
        try:
            until(page, f"{hello}.served_rps > 1 && {hello}.p99_s > 0.04")
            until(page, "consolePage.feed.state.series.hello.p99_s.some((value) => value > 0.04)")
            # A deployment: another instance replaces the first one, and no request fails.
            page.locator("#deploy").click()
            said(page, "hello: StartDeployment")
            until(page, f"{hello}.instances.n.length === 1 && {hello}.instances.n[0] > 1")
            served.settled(made["ServiceArn"])
            # The auto scaling configuration is changed through the API.
            page.locator("#max-concurrency").fill("7")
            page.locator("#apply").click()
            said(page, "MaxConcurrency 7")
            until(page, f"{hello}.max_concurrency === 7 && {hello}.serving")
        finally:
            stop.set()
            thread.join()
        summary = served.api.describe_service(ServiceArn=made["ServiceArn"])["Service"]
        assert summary["AutoScalingConfigurationSummary"]["AutoScalingConfigurationName"] == "console-hello"
        until(page, f"{hello}.instances.s.length === 1 && {hello}.instances.s !== 'd'")
        served.settled(made["ServiceArn"])
        # Pause and resume.
        page.locator("#pause").click()
        said(page, "hello: PauseService")
        until(page, f"!{hello}.serving && {hello}.instances.s === ''")
        served.settled(made["ServiceArn"], "PAUSED")
        assert served.ask(made["ServiceUrl"]) == 503
        page.locator("#resume").click()
        said(page, "hello: ResumeService")
        until(page, f"{hello}.serving")
        served.settled(made["ServiceArn"])
        page.locator("#tab-events").click()
        assert page.locator("#events li").count() > 3
        lists_the_operations(page, served, made["ServiceArn"])
        prices_a_service_elsewhere(page, served, source)
        assert faults(page) == []
        says_what_the_api_rejects(page, seen)


def says_what_the_api_rejects(page: Page, seen: Seen) -> None:
    page.locator("#min-size").fill("9")
    page.locator("#max-size").fill("3")
    page.locator("#apply").click()
    said(page, "InvalidRequestException")
    seen.complaints = [told for told in seen.complaints if "400" not in told]  # the browser reports the response


def lists_the_operations(page: Page, served: Served, arn: str) -> None:
    """Check the list of operations: the control plane's, newest first, of all clients; those of the page are marked."""
    page.locator("#tab-operations").click()
    listed = served.api.list_operations(ServiceArn=arn)["OperationSummaryList"]
    shown = page.locator("#operation-list li")
    until(page, "() => !document.getElementById('operation-list').textContent.includes('in progress')")
    told = [shown.nth(place).inner_text() for place in range(shown.count())]
    assert len(told) == len(listed) == 5
    for text, operation in zip(told, listed, strict=True):
        assert operation["Type"] in text
        assert operation["Id"] in text
        assert "succeeded in" in text
    marks = "consolePage.charts.marks.filter((mark) => mark.kind === 'act').map((mark) => mark.title)"
    until(page, f"{marks}.includes('PAUSE SERVICE')")


def prices_a_service_elsewhere(page: Page, served: Served, source: dict[str, Any]) -> None:
    """Check the price: 2 GB cost $0.018 an hour in Tokyo, and a vCPU $0.081 more while it is active."""
    served.api_in("ap-northeast-1").create_service(ServiceName="tokyo", SourceConfiguration=source)
    cost = f"{service('tokyo')}?.usd_per_hour"
    until(page, f"Math.abs({cost} - 0.018) < 1e-9 || Math.abs({cost} - 0.099) < 1e-9")
    page.locator("#tab-services").click()
    until(page, "document.querySelectorAll('#service-list li').length === 2")
    until(page, "document.querySelector('#service-list li:last-child').textContent.includes('running')")
    row = page.locator("#service-list li").last.inner_text()
    assert "ap-northeast-1" in row
    assert "awsapprunner.localhost" in row


def test_top_shows_a_simulator_that_serves(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        command = [sys.executable, "-m", "simulator", "top", served.console_url, "--once"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "simulator serve" in done.stdout
