"""`simulator serve` as a process, and the commands that use its state."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import boto3
import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.front.front_section import DEFAULT_HTTP_PORT
from tests.control.api_stage import IMAGE

RUN = CliRunner()


@dataclass
class Served:
    process: subprocess.Popen[str]
    url: str
    lines: list[str]

    @property
    def client(self) -> Any:
        return boto3.client(
            "apprunner",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
        )


@contextlib.contextmanager
def serving(state: Path, *options: str, stderr: IO[str] | None = None) -> Iterator[Served]:
    ports = ("--port", "0", "--https-port", "0")
    command = [sys.executable, "-m", "simulator", "serve", "--state", str(state), *ports, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
    assert process.stdout is not None
    try:
        lines: list[str] = []
        while not lines or "aws apprunner" not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1], f"it ended: {process.wait()}"
        found = re.search(r"https?://\S+?(?=,)", lines[0])
        assert found, lines
        yield Served(process, found[0], lines)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def ok(*arguments: str) -> str:
    done = RUN.invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def test_commands_read_the_state_of_a_running_serve_and_it_survives_a_kill(tmp_path: Path) -> None:
    where = ("--state", str(tmp_path))
    config = tmp_path / "serve.yaml"
    config.write_text("applications: {hello: {simulated: {}}}", encoding="utf-8")
    with serving(tmp_path, "--config", str(config)) as served:
        arn = served.client.create_service(ServiceName="hello", SourceConfiguration=IMAGE)["Service"]["ServiceArn"]
        served.client.create_connection(ConnectionName="hub1", ProviderType="GITHUB")
        assert "hub1/" in ok("connection", "approve", "hub1", *where)
        assert served.client.list_connections()["ConnectionSummaryList"][0]["Status"] == "AVAILABLE"
        missing = RUN.invoke(app, ["connection", "approve", "hub2", *where])
        assert missing.exit_code == 2
        assert "Connection not found" in missing.output
        assert (tmp_path / "admin.json").stat().st_mode & 0o777 == 0o600
        ok("state", "export", str(tmp_path / "copy.json"), *where)
        second = subprocess.run(
            [sys.executable, "-m", "simulator", "serve", *where, "--port", "0", "--https-port", "0"],
            check=False,
            capture_output=True,
            text=True,
        )
        assert second.returncode == 2
        assert f"process id {served.process.pid}" in second.stderr
        served.process.kill()  # like kill -9
        served.process.wait()
    assert (tmp_path / "admin.json").exists()  # the killed process could not remove it
    assert "hub1/" in ok("connection", "approve", "hub1", *where)
    assert "Service status is set to RUNNING." in ok("events", *where)
    assert json.loads(ok("events", "--json", *where).splitlines()[0])["source"] == "aws.apprunner"
    assert "[AppRunner] Service creation started." in ok("logs", "hello", *where)
    assert "Successfully pulled your application image" in ok("logs", arn, "--deployment", "all", *where)
    assert "CreateService  ok" in ok("audit", "--changes", *where)
    assert "DescribeService" not in ok("audit", "--errors", *where)
    unknown = RUN.invoke(app, ["logs", "absent", *where])
    assert (unknown.exit_code, "must be one of hello" in unknown.output) == (2, True)
    ok("state", "import", str(tmp_path / "copy.json"), "--state", str(tmp_path / "other"))
    ok("connection", "approve", "hub1", "--state", str(tmp_path / "other"))  # without a running simulator
    with serving(tmp_path, "--profile", "app-runner") as again:
        assert again.client.describe_service(ServiceArn=arn)["Service"]["Status"] == "RUNNING"
        again.process.send_signal(signal.SIGTERM)
        assert again.process.wait(timeout=60) == 0
    assert not (tmp_path / "admin.json").exists()


def test_follow_prints_new_lines_until_it_is_interrupted(tmp_path: Path) -> None:
    config = tmp_path / "serve.yaml"
    config.write_text("applications: {second: {simulated: {}}}", encoding="utf-8")
    with serving(tmp_path, "--config", str(config)) as served:
        served.client.create_service(ServiceName="first", SourceConfiguration=IMAGE)
        command = [sys.executable, "-m", "simulator", "events", "--follow", "--state", str(tmp_path)]
        follower = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert follower.stdout is not None
        watchdog = threading.Timer(60.0, follower.kill)  # then its output ends, and the test fails
        watchdog.start()
        try:
            assert "first  Service creation started." in next(iter(follower.stdout.readline, "")) + next(
                iter(follower.stdout.readline, "")
            )
            served.client.create_service(ServiceName="second", SourceConfiguration=IMAGE)
            seen = iter(follower.stdout.readline, "")
            assert any("second  Service status is set to RUNNING." in line for line in seen)
            follower.send_signal(signal.SIGINT)
            assert follower.wait(timeout=60) == 0
        finally:
            watchdog.cancel()
            follower.kill()
            follower.wait()
            follower.stdout.close()


def test_the_printed_aws_command_works(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        line = next(line for line in served.lines if "aws apprunner" in line).strip()
        assignments = dict(word.split("=", 1) for word in line.split() if "=" in word)
        assert line.endswith("aws apprunner list-services --region us-east-1")
        code = "import boto3; print(boto3.client('apprunner', region_name='us-east-1').list_services())"
        done = subprocess.run([sys.executable, "-c", code], env=assignments, capture_output=True, text=True, check=True)
        assert "'ServiceSummaryList': []" in done.stdout
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(timeout=60) == 0


def test_with_keys_and_tls_in_the_file(tmp_path: Path) -> None:
    config = tmp_path / "serve.yaml"
    config.write_text(
        "api:\n  tls: true\n  keys:\n"
        "    - {access_key_id: AKIAMINE, secret_access_key: mine, account: '999999999999'}\n"
        "quotas: {services: 1}\n",
        encoding="utf-8",
    )
    state = tmp_path / "state"
    with serving(state, "--config", str(config)) as served:
        assert served.url.startswith("https://127.0.0.1:")
        client = boto3.client(
            "apprunner",
            endpoint_url=served.url,
            region_name="eu-west-1",
            aws_access_key_id="AKIAMINE",
            aws_secret_access_key="mine",
            verify=str(state / "ca" / "root.pem"),
        )
        created = client.create_service(ServiceName="hello", SourceConfiguration=IMAGE)
        assert ":eu-west-1:999999999999:" in created["Service"]["ServiceArn"]
        with pytest.raises(client.exceptions.ServiceQuotaExceededException):
            client.create_service(ServiceName="other", SourceConfiguration=IMAGE)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("api: {hots: a}", "1:7: api.hots = a, must be a known key"),
        ("api: {account: '12'}", "1:7: api.account = 12, must be text of the form ^[0-9]{12}$"),
        ("time: {profile: fast}", "1:8: time.profile = fast, must be instant, app-runner or app-runner-spread"),
        ("time: {factor: -1}", "1:8: time.factor = -1, must be at least 0"),
        ("quotas: {services: 0}", "1:10: quotas.services = 0, must be at least 1"),
        ("api: {host: 0.0.0.0}", "host = '0.0.0.0', must be a loopback address as long as no access keys"),
        ("api: {key: none.pem, tls: true}", "1:7: api.key = none.pem, must be a file"),
        ("api: [", "1:7: file = a [ or { that is not closed"),
    ],
)
def test_a_bad_configuration_file_is_reported_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    config = tmp_path / "serve.yaml"
    config.write_text(text, encoding="utf-8")
    done = RUN.invoke(app, ["serve", "--state", str(tmp_path), "--config", str(config)])
    assert done.exit_code == 2
    assert told in done.output


def test_a_secret_is_not_shown_when_it_is_wrong(tmp_path: Path) -> None:
    config = tmp_path / "serve.yaml"
    config.write_text("api: {keys: [{access_key_id: a, secret_access_key: 271828}]}", encoding="utf-8")
    done = RUN.invoke(app, ["serve", "--state", str(tmp_path), "--config", str(config)])
    assert "secret_access_key" in done.output
    assert "271828" not in done.output


@pytest.mark.case("P22")
def test_the_port_of_the_redirect_is_printed(tmp_path: Path) -> None:
    """The default, or another one with a note if the default is taken, as by another test at the same time."""
    with serving(tmp_path) as served:
        assert served.process.stdout is not None
        line = next(line for line in served.process.stdout if "redirects there" in line)
        found = re.fullmatch(r"  http://\*\.awsapprunner\.localhost:(\d+) redirects there(.*)\n", line)
        assert found, line
        assert (found[1] == str(DEFAULT_HTTP_PORT)) != (f"({DEFAULT_HTTP_PORT} is taken" in found[2])
        asked = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=60)
        asked.request("GET", "/x", headers={"host": "web.awsapprunner.localhost"})
        answer = asked.getresponse()
        assert answer.status == 404  # from the balancer, which does not have this service and redirects only to its own
        asked.close()


def test_quiet_prints_the_address_of_the_api_only(tmp_path: Path) -> None:
    ports = ("--port", "0", "--https-port", "0")
    command = [sys.executable, "-m", "simulator", "serve", "--state", str(tmp_path), *ports, "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert first.startswith("App Runner API at http://127.0.0.1:")
        assert process.stdout.read() == ""


def test_verbose_prints_the_events_of_services_on_standard_error(tmp_path: Path) -> None:
    config = tmp_path / "serve.yaml"
    config.write_text("applications: {hello: {simulated: {}}}", encoding="utf-8")
    with (tmp_path / "events").open("w", encoding="utf-8") as events:
        with serving(tmp_path / "state", "--verbose", "--config", str(config), stderr=events) as served:
            served.client.create_service(ServiceName="hello", SourceConfiguration=IMAGE)
            told = ""
            while "API call CreateService" not in told or "-> active" not in told:
                assert served.process.poll() is None
                told = Path(events.name).read_text(encoding="utf-8")
        assert re.search(r"^\S.* hello: instance 1 starting -> active", told, re.MULTILINE)


def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = RUN.invoke(app, ["serve", "--state", str(tmp_path), "--port", port])
    assert (done.exit_code, "address already in use" in done.output) == (2, True), done.output


def test_a_folder_without_a_state_is_reported(tmp_path: Path) -> None:
    for command in (["events"], ["audit"], ["logs", "x"], ["connection", "approve", "x"], ["state", "export", "f"]):
        done = RUN.invoke(app, [*command, "--state", str(tmp_path)])
        assert (done.exit_code, "there is no state in it" in done.output) == (2, True), command
