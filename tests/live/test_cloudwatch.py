"""CloudWatch as users read it: an unmodified AWS CLI and boto3 read from a moto server that the simulator writes to."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from typer.testing import CliRunner

from simulator.cli import app
from simulator.world.clock import monotonic_s, utc_now
from tests.cli.platform.test_serve import Served, serving
from tests.live.client_tools import aws_cli_2
from tests.live.waiting import PATIENCE_S

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
SCENARIO = """
duration: 150s
services:
  moto-run:
    max_concurrency: 4
    max_size: 3
    application: {simulated: {io: {uniform: {low: 50ms, high: 150ms}}, start_up: 2s}}
traffic:
  - {clock: {rate: 20/s}}
timeline:
  - {at: 30s, deploy: {service: moto-run}}
"""
APPLICATION = """
import http.server, os
print("listening on", os.environ["PORT"], flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("asked for", self.path, flush=True)
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("content-length", "0")
        self.end_headers()
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
IMAGE = (
    "ImageRepository={ImageIdentifier=public.ecr.aws/aws-containers/hello-app-runner:latest,"
    "ImageRepositoryType=ECR_PUBLIC}"
)


pytestmark = pytest.mark.slow  # Python programs that run one after the other; other tests check what they find.


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


def test_a_run_in_virtual_time_can_be_read_with_its_own_minutes(endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(SCENARIO, encoding="utf-8")
    done = CliRunner().invoke(app, ["run", str(tmp_path / "run.yaml"), "-q", "--cloudwatch", endpoint])
    assert done.exit_code == 0, done.output
    assert f"CloudWatch metrics go to {endpoint}\nCloudWatch logs go to {endpoint}\n" in done.output
    there = {"region_name": "us-east-1", "endpoint_url": endpoint}
    cloudwatch, logs = boto3.client("cloudwatch", **there), boto3.client("logs", **there)
    service, deployment = (
        group["logGroupName"] + "|" + stream["logStreamName"]
        for group in logs.describe_log_groups(logGroupNamePrefix="/aws/apprunner/moto-run/")["logGroups"]
        for stream in logs.describe_log_streams(logGroupName=group["logGroupName"])["logStreams"]
    )
    assert sorted(each.partition("|")[2].partition("/")[0] for each in (service, deployment)) == [
        "deployment",
        "events",
    ]
    _, _, _, name, service_id, _ = service.partition("|")[0].split("/")
    now = utc_now()
    dimensions = [{"Name": "ServiceName", "Value": name}, {"Name": "ServiceID", "Value": service_id}]

    def statistic(metric: str, statistic: str) -> list[float]:
        told = cloudwatch.get_metric_statistics(
            Namespace="AWS/AppRunner",
            MetricName=metric,
            Dimensions=dimensions,
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=10),
            Period=60,
            Statistics=[statistic],
        )["Datapoints"]
        return [point[statistic] for point in sorted(told, key=lambda point: point["Timestamp"])]

    assert statistic("Requests", "Sum")[:2] == [1200, 1200]
    assert len(statistic("Requests", "Sum")) == 3
    assert statistic("2xxStatusResponses", "Sum")[1] == pytest.approx(1200, abs=10)
    assert statistic("RequestLatency", "Average")[1] == pytest.approx(100, abs=5)
    assert 50 <= statistic("RequestLatency", "Minimum")[1] < statistic("RequestLatency", "Maximum")[1] <= 150
    assert statistic("Concurrency", "Average")[1] == pytest.approx(2, abs=0.3)
    assert statistic("ActiveInstances", "SampleCount")[1] == 60


def test_an_unreachable_endpoint_costs_the_run_only_the_sent_figures(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(SCENARIO, encoding="utf-8")
    done = CliRunner().invoke(
        app, ["run", str(tmp_path / "run.yaml"), "-q", "--cloudwatch", "http://127.0.0.1:1"], env=CREDENTIALS
    )
    assert done.exit_code == 0
    told = done.output.splitlines()
    assert sum("cloudwatch: http://127.0.0.1:1 cannot be called: " in line for line in told) == 2  # metrics, and logs
    assert sum("are lost" in line for line in told) == 2
    profile = {**CREDENTIALS, "AWS_PROFILE": "absent", "AWS_CONFIG_FILE": str(tmp_path / "none")}
    told_later = CliRunner().invoke(
        app, ["run", str(tmp_path / "run.yaml"), "--cloudwatch", "http://127.0.0.1:1"], env=profile
    )
    assert (told_later.exit_code, "(absent) could not be found; nothing is sent" in told_later.output) == (0, True)
    assert "App Runner would charge" in told_later.output
    bad = CliRunner().invoke(app, ["run", str(tmp_path / "run.yaml"), "--cloudwatch", "moto"])
    assert (bad.exit_code, "cloudwatch = 'moto', must be a URL" in bad.output) == (2, True)


GOODBYE = """
import http.server, os, signal, sys
def end(*_):
    print("goodbye", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
place = os.environ["HOST"], int(os.environ["PORT"])
http.server.ThreadingHTTPServer(place, http.server.SimpleHTTPRequestHandler).serve_forever()
"""
REAL = """
duration: 3s
services:
  real-run: {application: {process: {command: python app.py}}}
traffic:
  - {clock: {rate: 20/s}}
"""


def test_a_run_in_real_time_sends_the_last_lines_of_instances_and_its_last_minute(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(GOODBYE, encoding="utf-8")
    (tmp_path / "run.yaml").write_text(REAL, encoding="utf-8")
    words = ["run", "run.yaml", "-q", "--clock", "real", "--state", "state", "--cloudwatch", endpoint]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    there = {"region_name": "us-east-1", "endpoint_url": endpoint}
    logs = boto3.client("logs", **there)
    group = logs.describe_log_groups(logGroupNamePrefix="/aws/apprunner/real-run/")["logGroups"][0]
    service_id = group["logGroupName"].split("/")[4]
    said = logs.filter_log_events(logGroupName=f"/aws/apprunner/real-run/{service_id}/application")["events"]
    assert said[-1]["message"] == "goodbye"
    cloudwatch = boto3.client("cloudwatch", **there)
    for metric in ("Requests", "2xxStatusResponses"):
        told = cloudwatch.get_metric_statistics(
            Namespace="AWS/AppRunner",
            MetricName=metric,
            Dimensions=[{"Name": "ServiceName", "Value": "real-run"}, {"Name": "ServiceID", "Value": service_id}],
            StartTime=utc_now() - timedelta(minutes=10),
            EndTime=utc_now() + timedelta(minutes=10),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        assert sum(point["Sum"] for point in told) == 60
        assert all(point["Timestamp"].second == 0 for point in told)


class Cli:
    """The AWS CLI of version 2, as installed on the system."""

    def __init__(self, home: Path, endpoints: dict[str, str]) -> None:
        self._environment = {
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
            "AWS_DEFAULT_REGION": "us-east-1",
            **CREDENTIALS,
        }
        self._endpoints = endpoints

    def __call__(self, service: str, *arguments: str) -> str:
        command = [str(aws_cli_2()), "--endpoint-url", self._endpoints[service], service, *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=self._environment, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout


def ask(served: Served, host: str, *paths: str) -> list[int]:
    """Send requests over TLS, as any client of the service does; return the statuses."""
    assert served.process.stdout is not None
    line = served.process.stdout.readline()  # services at https://*.awsapprunner.localhost:8543, root certificate: FILE
    port, root = re.fullmatch(r"services at https://\S+:(\d+), root certificate: (.*)\n", line).groups()  # type: ignore[union-attr]
    context = ssl.create_default_context(cafile=root)
    statuses = []
    for path in paths:
        with socket.create_connection(("127.0.0.1", int(port))) as plain:
            connection = http.client.HTTPConnection(host, int(port))
            connection.sock = context.wrap_socket(plain, server_hostname=host)
            connection.request("GET", path)
            statuses.append(connection.getresponse().status)
            connection.close()
    return statuses


def until(look: Callable[[], str], wanted: str) -> None:
    """Repeat `look` until it returns `wanted`."""
    end_s = monotonic_s() + PATIENCE_S
    while wanted not in (seen := look()):
        assert monotonic_s() < end_s, seen
        threading.Event().wait(0.05)


def test_the_aws_cli_reads_logs_and_metrics_of_a_simulator_that_serves(endpoint: str, tmp_path: Path) -> None:
    aws_cli_2()
    (tmp_path / "app.py").write_text(APPLICATION, encoding="utf-8")
    config = tmp_path / "serve.yaml"
    config.write_text(
        f"cloudwatch: {{endpoint: '{endpoint}'}}\n"
        "applications:\n"
        f"  hello: {{process: {{command: '{sys.executable} app.py', working_directory: '{tmp_path}'}}}}\n",
        encoding="utf-8",
    )
    with serving(tmp_path / "state", "--config", str(config)) as served:
        aws = Cli(tmp_path, {"apprunner": served.url, "logs": endpoint, "cloudwatch": endpoint})
        made = json.loads(
            aws("apprunner", "create-service", "--service-name", "hello", "--source-configuration", IMAGE)
        )
        service, operation = made["Service"], made["OperationId"]
        group = f"/aws/apprunner/hello/{service['ServiceId']}"

        def tail(kind: str) -> str:
            return aws("logs", "tail", f"{group}/{kind}", "--since", "1h")

        client = served.client
        until(lambda: str(client.describe_service(ServiceArn=service["ServiceArn"])), "'RUNNING'")
        assert ask(served, service["ServiceUrl"], "/", "/missing") == [200, 404]
        logs = boto3.client("logs", endpoint_url=endpoint, region_name="us-east-1")

        def said() -> str:
            try:
                return str(logs.filter_log_events(logGroupName=f"{group}/application")["events"])
            except logs.exceptions.ResourceNotFoundException:
                return ""  # no line has been written yet

        until(said, "asked for /missing")
        written, events = tail("application"), tail("service")
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(timeout=60) == 0
    lines = [line.split(" ", 2) for line in written.splitlines()]  # time, stream, line
    assert [what for _, _, what in lines if "asked" in what] == ["asked for /", "asked for /missing"]
    assert all(re.fullmatch("instance/[0-9a-f]{32}", stream) for _, stream, _ in lines)
    assert "listening on" in lines[0][2]
    assert re.search(r"^\S+ events \[AppRunner\] Service creation started\.$", events, re.MULTILINE)
    assert re.search(rf"^\S+ deployment/{operation} \[AppRunner\] ", events, re.MULTILINE)
    check_metrics(aws, service["ServiceId"])


def check_metrics(aws: Cli, service_id: str) -> None:
    """Check that the last, incomplete minute was sent at the end."""
    since = (utc_now() - timedelta(hours=1)).isoformat()
    until_then = (utc_now() + timedelta(hours=1)).isoformat()
    dimensions = [{"Name": "ServiceName", "Value": "hello"}, {"Name": "ServiceID", "Value": service_id}]
    asked = (
        ("Requests", "Sum"),
        ("2xxStatusResponses", "Sum"),
        ("4xxStatusResponses", "Sum"),
        ("RequestLatency", "SampleCount"),
    )
    queries = [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {"Namespace": "AWS/AppRunner", "MetricName": metric, "Dimensions": dimensions},
                "Period": 60,
                "Stat": statistic,
            },
        }
        for number, (metric, statistic) in enumerate(asked)
    ]
    times = ("--start-time", since, "--end-time", until_then)
    told = json.loads(aws("cloudwatch", "get-metric-data", "--metric-data-queries", json.dumps(queries), *times))
    assert [sum(result["Values"]) for result in told["MetricDataResults"]] == [2.0, 1.0, 1.0, 2.0]
    words = (
        "--namespace",
        "AWS/AppRunner",
        "--metric-name",
        "CPUUtilization",
        "--statistics",
        "Average",
        "--period",
        "60",
    )
    named = ("--dimensions", *(f"Name={each['Name']},Value={each['Value']}" for each in dimensions))
    told = json.loads(aws("cloudwatch", "get-metric-statistics", *words, *named, *times))
    assert {point["Unit"] for point in told["Datapoints"]} == {"Percent"}
    assert all(0 < point["Average"] < 100 for point in told["Datapoints"])
