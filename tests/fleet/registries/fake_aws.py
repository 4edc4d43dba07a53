"""STS and ECR for tests: every role may be assumed, except those whose name contains `denied`."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from aiohttp import web

_CREDENTIALS = (
    "<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>key</SecretAccessKey><SessionToken>session</SessionToken>"
    "<Expiration>2099-01-01T00:00:00Z</Expiration>"
)


@dataclass
class FakeAws:
    """`asked`: role and session of each AssumeRole, and the access key of each GetAuthorizationToken."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    token: str = base64.b64encode(b"AWS:secret").decode()

    async def _answer(self, request: web.Request) -> web.Response:
        target = request.headers.get("X-Amz-Target", "")
        if target.endswith(".GetAuthorizationToken"):
            self.asked.append(request.headers["Authorization"].partition("Credential=")[2].partition("/")[0])
            return web.json_response(
                {"authorizationData": [{"authorizationToken": self.token}]}, content_type="application/x-amz-json-1.1"
            )
        given = parse_qs(await request.text())
        self.asked.append(f"{given['RoleArn'][0]} {given['RoleSessionName'][0]}")
        if "denied" in given["RoleArn"][0]:
            text = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
            return web.Response(status=403, text=text, content_type="text/xml")
        text = f"<AssumeRoleResult><Credentials>{_CREDENTIALS}</Credentials></AssumeRoleResult>"
        return web.Response(text=f"<AssumeRoleResponse>{text}</AssumeRoleResponse>", content_type="text/xml")


@contextlib.asynccontextmanager
async def fake_aws() -> AsyncIterator[FakeAws]:
    given = FakeAws()
    application = web.Application()
    application.router.add_post("/", given._answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        given.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield given
    finally:
        await runner.cleanup()
