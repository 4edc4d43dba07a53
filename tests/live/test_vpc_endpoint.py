"""VPCs of an EC2 endpoint: a change of a security group takes effect for running instances, without a deployment."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.live.databases import filter_or_skip
from tests.live.vpc_stage import serving, until

PROBE = """
import os, socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Probe(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            socket.create_connection(("orders-db.internal", 5432), 2).close()
            status = 200
        except OSError:
            status = 503
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()
ThreadingHTTPServer((os.environ.get("HOST", "0.0.0.0"), int(os.environ["PORT"])), Probe).serve_forever()
"""
CONFIGURATION = """\
metrics: {{port: 0}}
instances: {{settle: 0s, stop_grace: 2s}}
applications:
  probe: {{process: {{command: python probe.py, working_directory: "{folder}"}}}}
network:
  endpoint: "{moto}"
  interval: 1s
  members:
    {vpc}:
      orders-db.internal: {{address: 10.0.9.10, groups: {data}, ports: {{5432: 127.0.0.1:{port}}}}}
"""


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    filter_or_skip()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def database() -> Iterator[int]:
    """Run a server that accepts connections; yield its port on this machine."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_a_rule_of_a_security_group_acts_on_a_running_service(tmp_path: Path, moto: str, database: int) -> None:
    ec2: Any = boto3.client("ec2", "us-east-1", endpoint_url=moto)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    app, data = (
        ec2.create_security_group(VpcId=vpc, GroupName=name, Description=name)["GroupId"] for name in ("app", "data")
    )
    (tmp_path / "probe.py").write_text(PROBE, encoding="utf-8")
    opening = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": app}]}
    configuration = CONFIGURATION.format(folder=tmp_path, moto=moto, vpc=vpc, data=data, port=database)
    with serving(tmp_path, configuration) as stage:
        wrong = stage.attempt(
            "apprunner", "create-vpc-connector", "--vpc-connector-name", "none", "--subnets", "subnet-0none"
        )
        assert "subnet-0none" in wrong.stderr
        create = ("apprunner", "create-vpc-connector", "--vpc-connector-name", "shop")
        made = stage.aws(*create, "--subnets", subnet, "--security-groups", app)["VpcConnector"]
        network = {"EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": made["VpcConnectorArn"]}}
        image = {"ImageIdentifier": "public.ecr.aws/shop/probe:1", "ImageRepositoryType": "ECR_PUBLIC"}
        words = ("apprunner", "create-service", "--service-name", "probe")
        source = json.dumps({"ImageRepository": image, "AutoDeploymentsEnabled": False})
        asked = (*words, "--source-configuration", source, "--network-configuration", json.dumps(network))
        service = stage.aws(*asked)["Service"]
        url = stage.settled(service["ServiceArn"])["ServiceUrl"]

        assert stage.ask(url)[0] == 503
        ec2.authorize_security_group_ingress(GroupId=data, IpPermissions=[opening])
        until(lambda: stage.ask(url)[0] == 200)
        ec2.revoke_security_group_ingress(GroupId=data, IpPermissions=[opening])
        until(lambda: stage.ask(url)[0] == 503)
        operations = stage.aws("apprunner", "list-operations", "--service-arn", service["ServiceArn"])
        assert [each["Type"] for each in operations["OperationSummaryList"]] == ["CREATE_SERVICE"]
