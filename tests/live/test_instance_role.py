"""The instance role: an unmodified boto3 in an instance reads a secret with it, from a moto server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import boto3
import pytest
from moto.server import ThreadedMotoServer

from simulator.fleet.credentials.role_credentials import RoleCredentials
from tests.live.arm_docker import left_behind
from tests.live.docker_images import boto3_image

ROLE = "arn:aws:iam::123456789012:role/shop"
HOST = "environment: {HOST: 0.0.0.0}"
VALUE = "hunter2-and-more"
# Answers 200 if the role can read the secret, and if a token of no instance is rejected.
APPLICATION = """
import http.server, os, urllib.error, urllib.request
import boto3
secret = boto3.client("secretsmanager").get_secret_value(SecretId="shop-db")["SecretString"]
who = boto3.client("sts").get_caller_identity()["Arn"]
def rejection(token):
    where = os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    try:
        urllib.request.urlopen(urllib.request.Request(where, headers={"authorization": token}))
    except urllib.error.HTTPError as error:
        return error.code
rejected = rejection(os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"][::-1]) == 403
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if rejected and secret == "hunter2-and-more" and ":assumed-role/shop/" in who else 500)
        self.send_header("content-length", "0")
        self.end_headers()
http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:  # for botocore's search of credentials
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        client = boto3.client("secretsmanager", region_name="us-east-1", endpoint_url=url)
        client.create_secret(Name="shop-db", SecretString=VALUE)
        yield url
        server.stop()


def played(folder: Path, endpoint: str, application: str) -> None:
    """Run the scenario. Every request must be answered with 200."""
    (folder / "role.yaml").write_text(
        f"duration: 1s\naws: {{endpoint: '{endpoint}'}}\nservices:\n  web:\n    instance_role: '{ROLE}'\n"
        f"    health_check: {{interval: 1s}}\n    stop_grace: 1s\n    application: {{{application}}}\n"
        "traffic: [{clock: {rate: 10/s}}]\nchecks: [error_rate == 0]\n"
    )
    words = [sys.executable, "-m", "simulator", "run", "role.yaml", "--clock", "real", "--json", "report.json"]
    done = subprocess.run(
        [*words, "--state", "state"], cwd=folder, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_unmodified_boto3_in_an_instance_uses_the_role(tmp_path: Path, endpoint: str) -> None:
    (tmp_path / "app.py").write_text(APPLICATION)
    played(tmp_path, endpoint, "process: {command: python app.py}")


@pytest.mark.slow
@pytest.mark.parametrize("egress", ["DEFAULT", "NONE"])
def test_an_unmodified_boto3_in_a_container_uses_the_role(tmp_path: Path, endpoint: str, egress: str) -> None:
    """The credentials and the endpoint are on this machine's loopback, which a container cannot reach directly."""
    program = json.dumps(["python", "-c", APPLICATION])
    image = boto3_image()
    played(tmp_path, endpoint, f"container: {{image: '{image}', command: {program}, egress: {egress}, {HOST}}}")
    assert left_behind() == ""


async def test_a_token_belongs_to_one_instance(endpoint: str) -> None:
    roles = RoleCredentials(endpoint, "us-east-1")
    await roles.open()
    try:
        first, second = (dict(roles.register("web", number, ROLE)) for number in (1, 2))
        url = first["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        own, other = (each["AWS_CONTAINER_AUTHORIZATION_TOKEN"] for each in (first, second))
        async with aiohttp.ClientSession() as session:

            async def asked(token: str, where: str = url) -> tuple[int, dict[str, str]]:
                async with session.get(where, headers={"authorization": token} if token else {}) as answer:
                    return answer.status, json.loads(await answer.read())

            status, told = await asked(own)
            assert status == 200
            assert set(told) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "RoleArn"}
            assert told["RoleArn"] == ROLE
            assert (await asked(own))[1] == told, "kept until shortly before it expires"
            for token in (other, "", own[:-1]):
                assert await asked(token) == (
                    403,
                    {"code": "AccessDenied", "message": "the token is that of another instance"},
                )
            assert (await asked(own, url + "0"))[0] == 404
            roles.forget("web", 1)
            assert (await asked(own))[0] == 404, "the instance is gone"
            assert (await asked(other, second["AWS_CONTAINER_CREDENTIALS_FULL_URI"]))[0] == 200
    finally:
        await roles.close()


async def test_without_a_response_of_sts_the_instance_gets_the_reason() -> None:
    roles = RoleCredentials("http://127.0.0.1:9", "us-east-1")
    roles._session.set_credentials("testing", "testing")
    await roles.open()
    try:
        given = roles.register("web", 1, ROLE)
        headers = {"authorization": given["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}
        async with (
            aiohttp.ClientSession() as session,
            session.get(given["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers=headers) as answer,
        ):
            assert answer.status == 502
            assert "cannot be reached" in (await answer.json())["message"]
    finally:
        await roles.close()
