"""Secrets from an AWS-compatible endpoint: a moto server, called through aiobotocore, and a run that needs them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from simulator.fleet.credentials.secrets import AwsSecrets, SecretsError, resolve

VALUE = "hunter2-and-more"
APPLICATION = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        well = os.environ.get("PASSWORD") == "hunter2-and-more"
        self.send_response(200 if well else 500)
        self.send_header("content-length", "0")
        self.end_headers()
http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def credentials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:  # for botocore's search of credentials
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        yield


@pytest.fixture(scope="module")
def endpoint(credentials: None) -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def arn(endpoint: str) -> str:
    where = {"region_name": "us-east-1", "endpoint_url": endpoint}
    made = boto3.client("secretsmanager", **where).create_secret(
        Name="db", SecretString=json.dumps({"password": VALUE})
    )
    boto3.client("ssm", **where).put_parameter(Name="/shop/key", Value=VALUE, Type="SecureString")
    return str(made["ARN"])


async def test_secrets_and_parameters_are_resolved_and_bad_ones_are_named(endpoint: str, arn: str) -> None:
    source = AwsSecrets(endpoint, "us-east-1")
    told = await resolve({"A": f"{arn}:password::", "B": "/shop/key", "C": f"{arn}::AWSCURRENT:"}, source)
    assert (told["A"], told["B"], json.loads(told["C"])) == (VALUE, VALUE, {"password": VALUE})
    with pytest.raises(SecretsError) as caught:
        await resolve({"A": "/absent", "B": arn[:-6] + "zzzzzz", "C": "/shop/key"}, source)
    assert "A (/absent)" in str(caught.value)
    assert "answers ParameterNotFound" in str(caught.value)
    assert "answers ResourceNotFoundException" in str(caught.value)
    assert VALUE not in str(caught.value)


def run(folder: Path, endpoint: str, reference: str) -> subprocess.CompletedProcess[str]:
    (folder / "app.py").write_text(APPLICATION)
    (folder / "secret.yaml").write_text(
        f"duration: 1s\naws: {{endpoint: '{endpoint}'}}\nservices:\n  web:\n"
        f"    secrets: {{PASSWORD: '{reference}'}}\n"
        "    application: {process: {command: python app.py}}\n"
        "traffic: [{clock: {rate: 20/s}}]\nchecks: [error_rate == 0]\n"
    )
    words = [sys.executable, "-m", "simulator", "run", "secret.yaml", "--clock", "real", "--json", "report.json"]
    return subprocess.run(
        [*words, "--state", "state"], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def test_only_the_instance_gets_its_secret(tmp_path: Path, endpoint: str, arn: str) -> None:
    done = run(tmp_path, endpoint, f"{arn}:password::")
    assert done.returncode == 0, done.stdout + done.stderr
    assert VALUE not in done.stdout + done.stderr + (tmp_path / "report.json").read_text()


def test_a_bad_reference_fails_the_start_and_is_named(tmp_path: Path, endpoint: str) -> None:
    done = run(tmp_path, endpoint, "/absent")
    assert done.returncode == 3
    assert "service web: secrets could not be resolved: PASSWORD (/absent)" in done.stderr
    assert "Traceback" not in done.stderr
