"""A registry for tests: manifests and blobs in memory, and the authentication that a test requires."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.oci.image.index.v1+json"
BASIC = "Basic " + base64.b64encode(b"AWS:secret").decode()


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@dataclass
class FakeRegistry:
    """`manifests`: key: `repository:reference`. `blobs`: key: digest. `scheme`: Basic, Bearer, or none."""

    scheme: str = ""
    url: str = ""
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    status: int = 200
    has_digests: bool = True

    def push(self, name: str, *sizes: int, platform: str = "linux/amd64", content: str = "", alone: bool = True) -> str:
        """Store an image with layers of these sizes under `repository:tag`, or by digest only. Return the digest."""
        system, architecture = platform.split("/")
        body = json.dumps({"os": system, "architecture": architecture, "content": content}).encode()
        self.blobs[digest_of(body)] = body
        layers = [
            {"digest": digest_of(f"{content}{number}".encode()), "size": size} for number, size in enumerate(sizes)
        ]
        given = {"schemaVersion": 2, "config": {"digest": digest_of(body), "size": len(body)}, "layers": layers}
        return self.keep(name, MANIFEST, given, alone=alone)

    def push_list(self, name: str, **platforms: int) -> str:
        """Store a list with an image of one layer per platform, such as `linux_arm64=5`."""
        repository = name.partition(":")[0]
        manifests = []
        for each, size in platforms.items():
            digest = self.push(f"{repository}:", size, platform=each.replace("_", "/"), content=each, alone=False)
            system, architecture = each.split("_")
            manifests.append({"digest": digest, "platform": {"os": system, "architecture": architecture}})
        return self.keep(name, INDEX, {"schemaVersion": 2, "manifests": manifests})

    def keep(self, name: str, kind: str, given: Any, *, alone: bool = True) -> str:
        body = json.dumps(given).encode()
        digest = digest_of(body)
        repository = name.partition(":")[0]
        for key in (f"{repository}:{digest}", *((name,) if alone else ())):
            self.manifests[key] = (kind, body)
        return digest

    async def _answer(self, request: web.Request) -> web.Response:
        repository, kind, reference = (request.match_info[part] for part in ("repository", "kind", "reference"))
        self.asked.append(f"{request.method} {repository}/{kind}/{reference}")
        rejected = self._rejected(request, repository)
        if rejected is not None:
            return rejected
        if kind == "blobs" and reference in self.blobs:
            return web.Response(body=self.blobs[reference])
        found = self.manifests.get(f"{repository}:{reference}")
        if kind != "manifests" or found is None:
            return web.json_response({"errors": [{"code": "MANIFEST_UNKNOWN"}]}, status=404)
        headers = {"Docker-Content-Digest": digest_of(found[1])} if self.has_digests else {}
        return web.Response(body=found[1], content_type=found[0], headers=headers)

    def _rejected(self, request: web.Request, repository: str) -> web.Response | None:
        if self.status != 200:
            return web.json_response({"errors": [{"code": "DENIED"}]}, status=self.status)
        authorization = request.headers.get("Authorization")
        if self.scheme == "Basic" and authorization != BASIC:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="here"'})
        if self.scheme == "Bearer" and authorization != f"Bearer for {repository}":
            scope = f'realm="{self.url}/token",service="here",scope="repository:{repository}:pull"'
            return web.Response(status=401, headers={"WWW-Authenticate": f"Bearer {scope}"})
        return None

    async def _token(self, request: web.Request) -> web.Response:
        assert request.query["service"] == "here"
        if request.headers.get("Authorization") != BASIC:
            return web.Response(status=401)
        return web.json_response({"token": f"for {request.query['scope'].split(':')[1]}"})


@contextlib.asynccontextmanager
async def fake_registry(scheme: str = "") -> AsyncIterator[FakeRegistry]:
    given = FakeRegistry(scheme)
    application = web.Application()
    application.router.add_get("/v2/{repository:.+}/{kind:manifests|blobs}/{reference}", given._answer)
    application.router.add_get("/token", given._token)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        given.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield given
    finally:
        await runner.cleanup()
