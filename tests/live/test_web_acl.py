"""A web ACL over real sockets: `serve` with a file, associated by the AWS CLI, with its effects."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from moto.server import ThreadedMotoServer

from simulator.assembly.serving import open_serving
from simulator.cli.platform.serve_config import ServeConfig, with_options
from simulator.platform.service_workload import local_host
from simulator.world.clock import ClockKind, run
from tests.live.test_serving import ToLoopback
from tests.rules.waf.acls import ARN, VISIBLE, byte_match, document, rule

AWS = shutil.which("aws")
IMAGE = "public.ecr.aws/aws-containers/hello-app-runner:latest"
SOURCE = {"ImageRepository": {"ImageIdentifier": IMAGE, "ImageRepositoryType": "ECR_PUBLIC"}}
DROP = byte_match(b"drop table", {"Body": {}}, "LOWERCASE", "COMPRESS_WHITE_SPACE")
RULES = (
    rule(byte_match(b"/admin", {"UriPath": {}}, at="STARTS_WITH"), name="admin"),
    rule(DROP, name="body", priority=1),
    rule({"GeoMatchStatement": {"CountryCodes": ["NL"]}}, name="geo", priority=2),
)


@pytest.mark.skipif(AWS is None, reason="needs the AWS CLI")
def test_the_cli_associates_a_web_acl_and_clients_are_blocked(tmp_path: Path) -> None:
    file = tmp_path / "acl.json"
    file.write_text(json.dumps(document(*RULES)), encoding="utf-8")
    simulated = {"applications": {IMAGE: {"simulated": {"io": "1ms"}}}, "metrics": {"port": 0}}
    config = ServeConfig.model_validate(simulated | {"api": {"port": 0}, "front": {"https_port": 0, "http_port": 0}})
    settings = with_options(config, waf_files=(file,)).serving(tmp_path / "state", "unix:///nowhere")

    async def main() -> None:
        async with await open_serving(settings) as serving:
            front, plane = serving.platform.front, serving.plane
            assert front is not None
            own = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}
            endpoints = {"AWS_ENDPOINT_URL_APPRUNNER": plane.url, "AWS_ENDPOINT_URL_WAFV2": plane.url}
            environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)} | own | endpoints

            async def aws(*words: str) -> dict[str, dict[str, str]]:
                assert AWS is not None
                process = await asyncio.create_subprocess_exec(
                    AWS, *words, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
                )
                out, err = await process.communicate()
                assert process.returncode == 0, err
                answer: dict[str, dict[str, str]] = json.loads(out) if out else {}
                return answer

            create = ("apprunner", "create-service", "--service-name", "shop")
            made = (await aws(*create, "--source-configuration", json.dumps(SOURCE)))["Service"]
            async with asyncio.timeout(60):
                await plane.api.operations.settled()
            url = front.url(local_host(made["ServiceUrl"]))
            connector = aiohttp.TCPConnector(ssl=front.client_context(), resolver=ToLoopback())
            async with aiohttp.ClientSession(connector=connector) as session:

                async def status(path: str, body: bytes | None = None) -> int:
                    async with session.request("POST" if body else "GET", url + path, data=body) as answer:
                        await answer.read()
                        return answer.status

                assert await status("/admin") == 200
                await aws("wafv2", "associate-web-acl", "--web-acl-arn", ARN, "--resource-arn", made["ServiceArn"])
                found = await aws("wafv2", "get-web-acl-for-resource", "--resource-arn", made["ServiceArn"])
                assert found["WebACL"]["Name"] == "shop"
                assert [await status(path) for path in ("/admin", "/", "/admin/x")] == [403, 200, 403]
                assert await status("/", b"x" * 9000 + b"; DROP \n  TABLE a") == 403
                assert await status("/", b"x" * 90_000) == 200
                scope = ("--scope", "REGIONAL", "--max-items", "100", "--rule-metric-name", "m", "--web-acl-arn", ARN)
                window = "StartTime=2020-01-01T00:00:00Z,EndTime=2100-01-01T00:00:00Z"
                sampled: Any = await aws("wafv2", "get-sampled-requests", *scope, "--time-window", window)
                actions = [(each["Action"], each["Request"]["Method"]) for each in sampled["SampledRequests"]]
                assert actions == [
                    ("BLOCK", "GET"),
                    ("ALLOW", "GET"),
                    ("BLOCK", "GET"),
                    ("BLOCK", "POST"),
                    ("ALLOW", "POST"),
                ]
                assert serving.exporters is not None
                assert serving.platform.metrics is not None
                figures = serving.platform.metrics.settle()["shop"]
                assert figures.web_acl["admin", "block"] == 2
                assert figures.web_acl["body", "block"] == 1
                assert figures.web_acl["geo", "not evaluated"] == 2
                assert figures.outcomes.classes[4] == 0  # 4xx: the metrics of the service do not count blocked requests
                await aws("wafv2", "disassociate-web-acl", "--resource-arn", made["ServiceArn"])
                assert await status("/admin") == 200

    run(ClockKind.REAL, main)


@pytest.mark.slow
@pytest.mark.skipif(AWS is None, reason="needs the AWS CLI")
def test_a_web_acl_of_an_endpoint_is_associated_and_its_changes_act(  # noqa: PLR0915 one story
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    waf = f"http://{host}:{port}"
    simulated = {"applications": {IMAGE: {"simulated": {"io": "1ms"}}}, "waf": {"endpoint": waf, "interval": "1s"}}
    config = ServeConfig.model_validate(simulated | {"api": {"port": 0}, "front": {"https_port": 0, "http_port": 0}})
    settings = config.serving(tmp_path / "state", "unix:///nowhere")

    async def main() -> None:
        async with await open_serving(settings) as serving:
            front, plane = serving.platform.front, serving.plane
            assert front is not None
            own = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}
            environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)} | own

            async def aws(endpoint: str, *words: str) -> Any:
                assert AWS is not None
                process = await asyncio.create_subprocess_exec(
                    AWS, *words, "--endpoint-url", endpoint, env=environment,
                    stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
                )  # fmt: skip
                out, err = await process.communicate()
                assert process.returncode == 0, err
                return json.loads(out) if out else {}

            scope = ("--scope", "REGIONAL")
            given = ("--ip-address-version", "IPV4", "--addresses", "203.0.113.0/24")
            ips = (await aws(waf, "wafv2", "create-ip-set", "--name", "bad", *scope, *given))["Summary"]
            rules = json.dumps([rule({"IPSetReferenceStatement": {"ARN": ips["ARN"]}}, name="bad")])
            seen = json.dumps(VISIBLE)
            create = ("create-web-acl", "--name", "shop", *scope, "--default-action", "Allow={}", "--rules", rules)
            acl = (await aws(waf, "wafv2", *create, "--visibility-config", seen))["Summary"]["ARN"]

            asked = ("create-service", "--service-name", "shop", "--source-configuration", json.dumps(SOURCE))
            made = (await aws(plane.url, "apprunner", *asked))["Service"]
            async with asyncio.timeout(60):
                await plane.api.operations.settled()
            url = front.url(local_host(made["ServiceUrl"]))
            connector = aiohttp.TCPConnector(ssl=front.client_context(), resolver=ToLoopback())
            async with aiohttp.ClientSession(connector=connector) as session:

                async def status(client: str) -> int:
                    async with session.get(url, headers={"x-simulator-client": client}) as answer:
                        return answer.status

                assert await status("203.0.113.9") == 200
                named = ("--web-acl-arn", acl, "--resource-arn", made["ServiceArn"])
                await aws(plane.url, "wafv2", "associate-web-acl", *named)
                assert [await status(each) for each in ("203.0.113.9", "192.0.2.9")] == [403, 200]

                token = (await aws(waf, "wafv2", "get-ip-set", "--name", "bad", *scope, "--id", ips["Id"]))["LockToken"]
                moved = ("--addresses", "192.0.2.0/24", "--lock-token", token)
                await aws(waf, "wafv2", "update-ip-set", "--name", "bad", *scope, "--id", ips["Id"], *moved)
                async with asyncio.timeout(60):
                    while await status("192.0.2.9") != 403:  # noqa: ASYNC110 the next look, a second later
                        await asyncio.sleep(0.1)
                assert await status("203.0.113.9") == 200

    try:
        run(ClockKind.REAL, main)
    finally:
        server.stop()
