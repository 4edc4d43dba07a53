"""A service that reads from a PostgreSQL and a Redis of its VPC, created by the unmodified AWS CLI."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.live.databases import Database, filter_or_skip, postgresql, redis
from tests.live.docker_images import file_image
from tests.live.vpc_stage import CONFIGURATION, ORDERS, VpcStage, serving, until

ROLE = "arn:aws:iam::123456789012:role/orders"
ACCESS = "arn:aws:iam::123456789012:role/access"
# Scaling in takes five minutes, by App Runner's policy.
SCALE_IN_S_MAX = 600.0


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:  # for the search of credentials by botocore, also in `simulator serve`
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    filter_or_skip()
    with postgresql("hunter2 and more") as started:
        yield started


@pytest.fixture(scope="module")
def cache() -> Iterator[Database]:
    filter_or_skip()
    with redis("secret-of-the-cache") as started:
        yield started


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """Yield an image with the application. No other run of the tests has, or removes, an image with this identifier."""
    made = file_image(ORDERS, "/app/orders.py")
    identifier = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{made.replace(':', '-')}-{os.getpid()}:1"
    subprocess.run(["docker", "tag", made, identifier], check=True)
    yield identifier
    subprocess.run(["docker", "rmi", "--no-prune", identifier], capture_output=True, check=False)


def made_secret(stage: VpcStage, moto: str, name: str, value: str) -> str:
    secret = json.dumps({"password": value})
    words = ("secretsmanager", "create-secret", "--name", name, "--secret-string", secret)
    return f"{stage.aws(*words, endpoint=moto)['ARN']}:password::"


def made_connector(stage: VpcStage, name: str, subnet: str, group: str) -> str:
    words = ("create-vpc-connector", "--vpc-connector-name", name, "--subnets", subnet, "--security-groups", group)
    return str(stage.aws("apprunner", *words)["VpcConnector"]["VpcConnectorArn"])


def source(image: str, secrets: dict[str, str], command: str) -> dict[str, Any]:
    return {
        "ImageRepository": {
            "ImageIdentifier": image,
            "ImageRepositoryType": "ECR",
            "ImageConfiguration": {
                **({"StartCommand": command} if command else {}),
                "RuntimeEnvironmentVariables": {
                    "DATABASE_HOST": "orders-db.internal",
                    "CACHE_HOST": "cache.internal",
                    "CONNECT_TIMEOUT": "2",
                },
                "RuntimeEnvironmentSecrets": secrets,
            },
        },
        "AuthenticationConfiguration": {"AccessRoleArn": ACCESS},
        "AutoDeploymentsEnabled": False,
    }


def egress(connector: str | None) -> str:
    how = {"EgressType": "DEFAULT"} if connector is None else {"EgressType": "VPC", "VpcConnectorArn": connector}
    return json.dumps({"EgressConfiguration": how})


@pytest.mark.slow
def test_services_with_a_database_and_a_cache_in_their_vpc(
    tmp_path: Path, moto: str, database: Database, cache: Database, image: str
) -> None:
    """One service has containers as instances, the other one processes."""
    configuration = CONFIGURATION.format(moto=moto, database=database.port, cache=cache.port, folder=ORDERS.parent)
    with serving(tmp_path, configuration) as stage:
        secrets = {
            "DATABASE_PASSWORD": made_secret(stage, moto, "orders/database", database.password),
            "CACHE_PASSWORD": made_secret(stage, moto, "orders/cache", cache.password),
        }
        connector = made_connector(stage, "shop", "subnet-0private", "sg-0orders")
        scaling = stage.aws(
            *("apprunner", "create-auto-scaling-configuration", "--auto-scaling-configuration-name", "small"),
            *("--max-concurrency", "2", "--min-size", "1", "--max-size", "3"),
        )["AutoScalingConfiguration"]["AutoScalingConfigurationArn"]
        services: dict[str, tuple[str, str]] = {}
        for name, command in (("containers", "/usr/bin/python -I -S /app/orders.py"), ("processes", "")):
            made = stage.aws(
                *("apprunner", "create-service", "--service-name", name),
                *("--source-configuration", json.dumps(source(image, secrets, command))),
                *("--instance-configuration", f"Cpu=1024,Memory=2048,InstanceRoleArn={ROLE}"),
                *("--network-configuration", egress(connector), "--auto-scaling-configuration-arn", scaling),
            )["Service"]
            services[name] = made["ServiceArn"], made["ServiceUrl"]
        for orders, (arn, url) in enumerate(services.values()):
            stage.settled(arn)
            reads_and_writes(stage, url, orders)
        scales(stage, {name: url for name, (_, url) in services.items()})
        other = made_connector(stage, "other", "subnet-0private", "sg-0other")
        for arn, url in services.values():
            # The database does not admit the connector's group: packets are dropped, so nothing answers, as on AWS.
            times_out(stage, arn, url, other)
            # Without a connector there is no VPC.
            times_out(stage, arn, url, None)


def reads_and_writes(stage: VpcStage, url: str, orders: int) -> None:
    answers = [stage.ask(url, method) for method in ("POST", "GET", "GET")]
    assert [status for status, _ in answers] == [200] * 3, answers
    assert answers[1][1] == {"orders": str(orders + 1), "from": "database"}
    assert answers[2][1] == {"orders": str(orders + 1), "from": "cache"}


def scales(stage: VpcStage, urls: dict[str, str]) -> None:
    """Test scaling from 1 instance to N and back to 1; each instance has the network of the first one."""

    def instances() -> list[int]:
        return [stage.instances(name, "idle", "active") for name in urls]

    assert instances() == [1, 1]
    for name, url in urls.items():
        with stage.load(url, clients=8) as statuses:
            until(lambda name=name: stage.instances(name, "idle", "active") == 3)
            seen = len(statuses)
            until(lambda seen=seen, statuses=statuses: len(statuses) > seen + 100)
        # Beyond its concurrency a service answers some requests with 429; those that reach an instance are answered
        # from the cache.
        assert set(statuses) <= {200, 429}
    until(lambda: instances() == [1, 1], SCALE_IN_S_MAX)
    assert {stage.ask(url)[0] for url in urls.values()} == {200}


def times_out(stage: VpcStage, arn: str, url: str, connector: str | None) -> None:
    stage.aws("apprunner", "update-service", "--service-arn", arn, "--network-configuration", egress(connector))
    stage.settled(arn)
    assert stage.ask(url) == (503, {"error": "cache.internal:6379: timed out"})
    assert stage.ask(url, path="/health") == (200, {})


# Answers with the response of a private service, which it calls by the name of its VPC ingress connection.
CALLER = """
import http.server, os, ssl, urllib.request
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        context = ssl.create_default_context(cafile=os.environ["ROOT"])
        url = f"https://{os.environ['INSIDE']}/health"
        try:
            with urllib.request.urlopen(url, timeout=10, context=context) as answer:
                status, body = answer.status, answer.read()
        except OSError as error:
            status, body = 503, str(error).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.mark.slow
def test_a_private_service_answers_inside_its_vpc_only(
    tmp_path: Path, moto: str, database: Database, cache: Database, image: str
) -> None:
    """A service with IpAddressType DUAL_STACK also answers on ::1."""
    (tmp_path / "caller").mkdir()
    (tmp_path / "caller" / "caller.py").write_text(CALLER)
    configuration = CONFIGURATION.format(moto=moto, database=database.port, cache=cache.port, folder=ORDERS.parent)
    caller = f'  caller: {{process: {{command: python caller.py, working_directory: "{tmp_path / "caller"}"}}}}\n'
    with serving(tmp_path, configuration.replace("network:\n", f"{caller}network:\n", 1)) as stage:

        def created(name: str, network: dict[str, Any], variables: dict[str, str]) -> dict[str, Any]:
            what = source(image, {}, "")
            what["ImageRepository"]["ImageConfiguration"]["RuntimeEnvironmentVariables"] = variables
            words = ("--source-configuration", json.dumps(what), "--network-configuration", json.dumps(network))
            service = stage.aws("apprunner", "create-service", "--service-name", name, *words)["Service"]
            return stage.settled(service["ServiceArn"])

        inside = created("processes", {"IngressConfiguration": {"IsPubliclyAccessible": False}}, {})
        assert not inside.get("ServiceUrl")
        entry = stage.aws(
            *("apprunner", "create-vpc-ingress-connection", "--vpc-ingress-connection-name", "entry"),
            *("--service-arn", inside["ServiceArn"]),
            *("--ingress-vpc-configuration", "VpcId=vpc-0shop,VpcEndpointId=vpce-0services"),
        )["VpcIngressConnection"]
        described = ("apprunner", "describe-vpc-ingress-connection", "--vpc-ingress-connection-arn")
        arn, name = entry["VpcIngressConnectionArn"], entry["DomainName"]
        until(lambda: stage.aws(*described, arn)["VpcIngressConnection"]["Status"] == "AVAILABLE")
        assert stage.ask(name)[0] == 404  # this machine is not in the VPC
        variables = {"INSIDE": name, "ROOT": stage.root}
        connectors = [made_connector(stage, group, "subnet-0private", group) for group in ("sg-0orders", "sg-0other")]
        calling = created("caller", json.loads(egress(connectors[0])), variables)
        arn, url = calling["ServiceArn"], calling["ServiceUrl"]
        assert stage.ask(url) == (200, {})
        assert stage.ask(url, address="::1")[0] == 404
        # The system's AWS CLI is older than IpAddressType.
        credentials = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
        api = boto3.client("apprunner", endpoint_url=stage.api_url, **credentials)
        api.update_service(ServiceArn=arn, NetworkConfiguration={"IpAddressType": "DUAL_STACK"})
        stage.settled(arn)
        assert stage.ask(url, address="::1") == (200, {})
        update = ("apprunner", "update-service", "--service-arn", arn, "--network-configuration")
        stage.aws(*update, egress(connectors[1]))
        stage.settled(arn)
        status, answer = stage.ask(url)
        assert (status, "timed out" in answer["text"]) == (503, True)
