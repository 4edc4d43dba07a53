"""The instance role: temporary credentials for each instance, from an endpoint on loopback that AWS SDKs support.

An instance has `AWS_CONTAINER_CREDENTIALS_FULL_URI` and `AWS_CONTAINER_AUTHORIZATION_TOKEN` in its environment, as a
container of ECS or EKS does, and requests its credentials from its own loopback: processes share the machine's, and a
container has a loopback listener (fleet/network/namespace_proxy.py). The credentials come from STS AssumeRole at the
configured endpoint and are cached until shortly before they expire. Address and token belong to one instance: with the
token of another instance, the endpoint answers 403.

# ASSUMPTION: App Runner's own mechanism is undocumented; its instances are Fargate tasks, which use a relative URI of
# 169.254.170.2 (facts 5.2). SDKs accept a full URI on loopback in the same way. Settled by `env` in an instance.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web

from simulator.fleet.credentials.assumed_role import ROLE_SESSION_LENGTH_MAX, NoCredentialsError, assume_role
from simulator.wire.own_names import OwnNames
from simulator.wire.web_listener import guarding, listener_limits
from simulator.world.clock import utc_now

HOST: Final = "127.0.0.1"
_PATH: Final = "/v1/credentials"
# SDKs refresh credentials 10 to 15 minutes before they expire, so those that are issued must be valid for longer.
REFRESH_AHEAD: Final = timedelta(minutes=20)


@dataclass(slots=True)
class _Identity:
    role: str
    session: str
    token: str = field(repr=False)
    answer: dict[str, str] = field(default_factory=dict, repr=False)
    expires: datetime | None = None
    assume_lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_fresh(self) -> bool:
        return self.expires is not None and utc_now() + REFRESH_AHEAD < self.expires


class RoleCredentials:
    """The credentials endpoint of a platform, shared by all its instances. Real time only."""

    def __init__(self, endpoint: str, region: str) -> None:
        from aiobotocore.session import get_session  # noqa: PLC0415 takes half a second; only platforms with roles need it

        self._session: Any = get_session()
        self._endpoint = endpoint
        self._region = region
        self._identities: dict[str, _Identity] = {}  # key: the last segment of the credential URL
        self._names: dict[tuple[str, int], str] = {}
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def open(self) -> None:
        """Listen on the machine's loopback.

        Raises:
            OSError: if there is no free port.
        """
        runner = await self._running()
        await web.TCPSite(runner, HOST, 0).start()
        self.port = int(runner.addresses[0][1])

    async def serve(self, listening: socket.socket) -> Callable[[], Awaitable[None]]:
        """Serve this socket as well. Return a function that stops serving it and closes it."""
        site = web.SockSite(await self._running(), listening)
        await site.start()
        return site.stop

    async def _running(self) -> web.AppRunner:
        if self._runner is None:
            application = web.Application(middlewares=[guarding(OwnNames(), _rejected_name)])
            application.router.add_get(_PATH + "/{name}", self._answer)
            self._runner = web.AppRunner(application, **listener_limits())
            await self._runner.setup()
        return self._runner

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def register(
        self, service: str, number: int, role: str, *, port: int | None = None, endpoint: str | None = None
    ) -> Mapping[str, str]:
        """Create an address and a token for an instance; return the environment variables that contain them.

        `port`: port on the instance's loopback at which it reaches this endpoint. `endpoint`: URL of the AWS endpoint
        as the instance reaches it. Default for both: as this process reaches them.
        """
        name, token = secrets.token_hex(16), secrets.token_urlsafe(32)
        session = f"{service}-{number}"[:ROLE_SESSION_LENGTH_MAX]
        self._identities[name] = _Identity(role, session, token)
        self._names[service, number] = name
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{HOST}:{port or self.port}{_PATH}/{name}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
            # The credentials are valid at this endpoint only, so the SDK must not send them anywhere else.
            "AWS_ENDPOINT_URL": endpoint or self._endpoint,
        }

    def forget(self, service: str, number: int) -> None:
        """Invalidate the address and token of an instance that has ended."""
        name = self._names.pop((service, number), None)
        if name is not None:
            del self._identities[name]

    async def _answer(self, request: web.Request) -> web.Response:
        identity = self._identities.get(request.match_info["name"])
        if identity is None:
            return _rejected(404, "NotFound", "no instance has this address")
        answer = request.headers.get("authorization", "")
        if not hmac.compare_digest(answer.encode("utf-8", "surrogateescape"), identity.token.encode()):
            return _rejected(403, "AccessDenied", "the token is that of another instance")
        try:
            async with identity.assume_lock:  # concurrent requests share one STS call
                if not identity.is_fresh():
                    await self._assume(identity)
        except NoCredentialsError as error:
            return _rejected(502, "NoCredentials", str(error))
        return web.json_response(identity.answer)

    async def _assume(self, identity: _Identity) -> None:
        given = await assume_role(self._session, self._endpoint, self._region, identity.role, identity.session)
        identity.expires = given["Expiration"]
        identity.answer = {
            "AccessKeyId": given["AccessKeyId"],
            "SecretAccessKey": given["SecretAccessKey"],
            "Token": given["SessionToken"],
            "Expiration": given["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "RoleArn": identity.role,
        }


def _rejected_name(why: str) -> web.Response:
    return _rejected(403, "AccessDenied", why)


def _rejected(status: int, code: str, message: str) -> web.Response:
    """Return an error in the format that SDKs parse."""
    return web.json_response({"code": code, "message": message}, status=status)
