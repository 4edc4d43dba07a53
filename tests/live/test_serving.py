"""The control plane with processes behind it, over real sockets: from an API call to a response over TLS."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from simulator.assembly.control_plane import ControlPlaneSettings
from simulator.assembly.serving import Serving, ServingSettings, open_serving
from simulator.control.operations.time_profile import profile_named
from simulator.control.principal import Principal
from simulator.control.state.log_entries import EntryKind
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.credentials.secrets import SecretsPlace
from simulator.fleet.process.environment import ProcessApplication
from simulator.platform.applications import ApplicationSettings
from simulator.platform.scaling.policy_choice import PolicyChoice
from simulator.platform.service_workload import WorkloadSettings, local_host
from simulator.world.clock import ClockKind, run
from tests.live.waiting import until

APPLICATION = """
import http.server, os, sys
print("on", os.environ["PORT"], "as", os.environ.get("WHO"), flush=True)
if os.environ.get("WHO") == "broken":
    sys.exit(3)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ.get("WHO", "unset").encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""
IMAGE = "public.ecr.aws/aws-containers/hello-app-runner:latest"
ALICE = Principal("123456789012", "us-east-1", "AKIDEXAMPLE", "request-1", "127.0.0.1", "pytest")
PATIENCE_S = 60.0


class ToLoopback(AbstractResolver):
    """Resolves every name to this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None: ...


class Stage:
    def __init__(self, serving: Serving) -> None:
        self.serving = serving

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.serving.plane.api.handle(ALICE, operation, request)

    def source(self, **variables: str) -> dict[str, Any]:
        configuration = {"RuntimeEnvironmentVariables": variables}
        return {
            "ImageRepository": {
                "ImageIdentifier": IMAGE,
                "ImageRepositoryType": "ECR_PUBLIC",
                "ImageConfiguration": configuration,
            }
        }

    async def running(self, **variables: str) -> tuple[str, str]:
        """Create a service; return its ARN and host name."""
        made = self.call("CreateService", ServiceName="hello", SourceConfiguration=self.source(**variables))["Service"]
        await self.settled()
        assert self.describe(made["ServiceArn"])["Status"] == "RUNNING"
        return made["ServiceArn"], made["ServiceUrl"]

    def describe(self, arn: str) -> dict[str, Any]:
        described: dict[str, Any] = self.call("DescribeService", ServiceArn=arn)["Service"]
        return described

    async def settled(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.serving.plane.api.operations.settled()

    async def get(self, host: str) -> tuple[int, str]:
        """Send a request over TLS and verify the certificate for that name; return status and body."""
        front = self.serving.platform.front
        assert front is not None
        connector = aiohttp.TCPConnector(ssl=front.client_context(), resolver=ToLoopback())
        async with aiohttp.ClientSession(connector=connector) as session, session.get(front.url(host)) as answer:
            return answer.status, await answer.text()

    def lines(self, arn: str, stream: str) -> list[str]:
        self.serving.plane.api.flush()
        entries = self.serving.plane.store.entries_after(0, kind=EntryKind.LOG, service=arn, limit=100_000)
        return [entry.text for entry in entries if entry.stream.startswith(stream)]


ROLE = {"InstanceRoleArn": "arn:aws:iam::123456789012:role/app"}  # without an endpoint there are no secrets


def in_stage(folder: Path, test: Callable[[Stage], Awaitable[None]], secrets: Path | None = None) -> None:
    application = folder / "application"
    application.mkdir(exist_ok=True)
    (application / "app.py").write_text(APPLICATION, encoding="utf-8")
    process = ProcessApplication(("python3", "app.py"), working_directory=application)

    async def main() -> None:
        serving = await open_serving(
            ServingSettings(
                ControlPlaneSettings(folder / "state", listener=None, profile=profile_named("instant", 0.01)),
                LiveSettings(folder / "state"),
                WorkloadSettings(
                    startup_probe_s=0.02,
                    policy=PolicyChoice(start_lag_s=0.0),
                    stop_grace_s=5.0,
                    settle_s=1.0,
                    secrets_from=SecretsPlace(secrets),
                ),
                ApplicationSettings({IMAGE: process}),
            )
        )
        async with serving:
            await test(Stage(serving))

    run(ClockKind.REAL, main)


def test_a_service_serves_under_its_names_is_updated_paused_and_deleted(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        arn, host = await stage.running(WHO="first")
        assert await stage.get(host) == await stage.get(local_host(host)) == (200, "first")
        stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=stage.source(WHO="second"))
        await stage.settled()
        assert await stage.get(host) == (200, "second")
        stage.call("PauseService", ServiceArn=arn)
        await stage.settled()
        assert (await stage.get(host))[0] == 503
        stage.call("ResumeService", ServiceArn=arn)
        await stage.settled()
        assert await stage.get(host) == (200, "second")
        written = stage.lines(arn, "instance/")
        assert [line.rsplit(" ", 1)[1] for line in written] == ["first", "second", "second"]
        stage.call("DeleteService", ServiceArn=arn)
        await stage.settled()
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await stage.get(host)  # the name is free: it has no certificate and no route

    in_stage(tmp_path, test)


def test_a_version_that_crashes_at_its_start_is_rolled_back_with_app_runners_lines(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        arn, host = await stage.running(WHO="good")
        made = stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=stage.source(WHO="broken"))
        await stage.settled()
        assert await stage.get(host) == (200, "good")
        (operation, *_) = stage.call("ListOperations", ServiceArn=arn)["OperationSummaryList"]
        assert (operation["Id"], operation["Status"]) == (made["OperationId"], "ROLLBACK_SUCCEEDED")
        deployment = stage.lines(arn, f"deployment/{made['OperationId']}")
        sentence = "Your application stopped or failed to start. See logs for more information. Container exit code: 3"
        assert f"[AppRunner] {sentence}" in deployment
        assert "[AppRunner] Failed to deploy your application image." in deployment

    in_stage(tmp_path, test)


def test_a_custom_domain_has_a_certificate_and_a_wildcard_stands_for_one_label(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        arn, _ = await stage.running(WHO="me")
        stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="*.acme.dev")
        stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="acme.io")

        def statuses() -> set[str]:
            described = stage.call("DescribeCustomDomains", ServiceArn=arn)["CustomDomains"]
            return {domain["Status"] for domain in described}

        await until(lambda: statuses() == {"active"})
        for host in ("shop.acme.dev", "acme.io", "www.acme.io"):
            assert await stage.get(host) == (200, "me"), host
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await stage.get("a.shop.acme.dev")

    in_stage(tmp_path, test)


def test_secrets_are_resolved_with_each_deployment_and_a_bad_reference_fails_it(tmp_path: Path) -> None:
    reference = "arn:aws:secretsmanager:us-east-1:123456789012:secret:who-AbCdEf"
    values = tmp_path / "values.yaml"
    values.write_text(f"{reference}: hidden\n", encoding="utf-8")

    def source(stage: Stage, name: str) -> dict[str, Any]:
        told = stage.source()
        told["ImageRepository"]["ImageConfiguration"] = {"RuntimeEnvironmentSecrets": {"WHO": name}}
        return told

    async def test(stage: Stage) -> None:
        arn, host = await stage.running(WHO="open")
        stage.call(
            "UpdateService", ServiceArn=arn, SourceConfiguration=source(stage, reference), InstanceConfiguration=ROLE
        )
        await stage.settled()
        assert await stage.get(host) == (200, "hidden")
        stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=source(stage, reference + "x"))
        await stage.settled()
        assert await stage.get(host) == (200, "hidden")
        said = [line for line in stage.lines(arn, "events") if "secrets could not be resolved" in line]
        assert said
        assert f"WHO ({reference}x)" in said[0]
        assert not any("hidden" in line for line in stage.lines(arn, "events") + stage.lines(arn, "deployment/"))

    in_stage(tmp_path, test, values)


def test_services_run_again_after_a_restart(tmp_path: Path) -> None:
    hosts: list[str] = []

    async def first(stage: Stage) -> None:
        hosts.append((await stage.running(WHO="me"))[1])

    async def second(stage: Stage) -> None:
        await stage.settled()
        assert await stage.get(hosts[0]) == (200, "me")

    in_stage(tmp_path, first)
    in_stage(tmp_path, second)


def test_an_instance_that_is_killed_is_replaced_at_once_and_its_exit_is_in_the_event_log(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        arn, host = await stage.running(WHO="me")
        service = stage.serving.workload.service(arn)
        assert service is not None
        service.replica_set.kill(1)
        await until(lambda: list(service.pool.ready) == [2])
        assert await stage.get(host) == (200, "me")
        assert any("Container exit code: 137" in line for line in stage.lines(arn, "events"))

    in_stage(tmp_path, test)


def test_after_a_restart_no_instance_runs_without_its_secrets(tmp_path: Path) -> None:
    reference = "arn:aws:secretsmanager:us-east-1:123456789012:secret:who-AbCdEf"
    values = tmp_path / "values.yaml"
    values.write_text(f"{reference}: hidden\n", encoding="utf-8")
    made: list[dict[str, Any]] = []

    async def first(stage: Stage) -> None:
        source = stage.source()
        source["ImageRepository"]["ImageConfiguration"] = {"RuntimeEnvironmentSecrets": {"WHO": reference}}
        request = {"ServiceName": "hello", "SourceConfiguration": source, "InstanceConfiguration": ROLE}
        made.append(stage.call("CreateService", **request)["Service"])
        await stage.settled()
        assert await stage.get(made[0]["ServiceUrl"]) == (200, "hidden")

    async def second(stage: Stage) -> None:
        await stage.settled()
        arn = made[0]["ServiceArn"]
        service = stage.serving.workload.service(arn)
        assert service is not None
        assert service.revisions == []
        assert any("secrets could not be resolved" in line for line in stage.lines(arn, "events"))
        assert stage.describe(arn)["Status"] == "RUNNING"

    in_stage(tmp_path, first, values)
    values.write_text("other: value\n", encoding="utf-8")
    in_stage(tmp_path, second, values)


@pytest.mark.case("P26")
def test_a_private_service_answers_under_the_name_of_its_ingress_connection_only(tmp_path: Path) -> None:
    async def test(stage: Stage) -> None:
        network = {"IngressConfiguration": {"IsPubliclyAccessible": False}}
        source = stage.source(WHO="me")
        made = stage.call(
            "CreateService", ServiceName="inner", SourceConfiguration=source, NetworkConfiguration=network
        )["Service"]
        await stage.settled()
        arn = made["ServiceArn"]
        vpc = {"VpcId": "vpc-0123456789abcdef0", "VpcEndpointId": "vpce-0123456789abcdef0"}
        connection = stage.call(
            "CreateVpcIngressConnection", ServiceArn=arn, VpcIngressConnectionName="inner", IngressVpcConfiguration=vpc
        )["VpcIngressConnection"]
        named = {"VpcIngressConnectionArn": connection["VpcIngressConnectionArn"]}

        def status() -> str:
            return str(stage.call("DescribeVpcIngressConnection", **named)["VpcIngressConnection"]["Status"])

        await until(lambda: status() == "AVAILABLE")
        host = connection["DomainName"]
        assert await stage.get(host) == await stage.get(local_host(host)) == (200, "me")
        stage.call("StartDeployment", ServiceArn=arn)
        await stage.settled()
        assert await stage.get(host) == (200, "me"), "a deployment keeps the name"
        stage.call("DeleteVpcIngressConnection", **named)
        await until(lambda: status() == "DELETED")
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await stage.get(host)

    in_stage(tmp_path, test)
