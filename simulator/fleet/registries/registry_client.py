"""A client of the registry HTTP API: tags and digests, manifests by architecture, and the sizes of layers.

Authentication is Basic or by a token, depending on the challenge in the registry's answer to an anonymous request (the
OCI distribution specification, and Docker's token authentication). Layers are pulled by the engine, not here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from simulator.fleet.registries.registry_map import RegistryPlace

if TYPE_CHECKING:
    import aiohttp

OS: Final = "linux"
ARCHITECTURE: Final = "amd64"  # facts 5.2
_BYTES_MAX: Final = 4 * 1024**2  # limit for a manifest or a configuration; registries have the same limit
_PATIENCE_S: Final = 30.0
_UNAUTHORIZED: Final = 401
_DENIED: Final = frozenset({401, 403})
_MISSING: Final = 404
_OK: Final = 200

_IMAGES: Final = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_LISTS: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_ACCEPT: Final = ", ".join((*_LISTS, *_IMAGES))
_PARAMETER: Final = re.compile(r'(\w+)="([^"]*)"')
_DIGEST: Final = re.compile(r"^sha256:[0-9a-f]{64}$")


class RegistryFailure(Enum):
    """What an error response of a registry means for an image."""

    MISSING = "there is no such image"
    DENIED = "the registry does not allow it"
    PLATFORM = f"there is none for {OS}/{ARCHITECTURE}"
    UNREACHABLE = "the registry does not answer as a registry does"


class RegistryRejected(Exception):
    """The registry has no such image, or access is denied.

    The message names the registry and its answer, and no secret.
    """

    def __init__(self, failure: RegistryFailure, message: str) -> None:
        super().__init__(message)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials of a registry."""

    username: str
    password: str = field(repr=False)

    @classmethod
    def of_token(cls, token: str) -> Login:
        """Return the credentials in an authorization token of ECR. Raises ValueError if it contains none."""
        try:
            username, colon, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ValueError("the authorization token is not user:password in base64") from error
        if not colon:
            raise ValueError("the authorization token is not user:password in base64")
        return cls(username, password)


@dataclass(frozen=True, slots=True)
class ResolvedImage:
    """An image in a registry. `digest`: that of the manifest, or list of manifests, to which the tag refers.

    `layers`: compressed size in bytes by digest, without duplicates. `is_list`: the engine has to choose the manifest
    for App Runner's platform.
    """

    digest: str
    layers: Mapping[str, int]
    platform: str
    is_list: bool

    @property
    def size_bytes(self) -> int:
        """The compressed size of all layers, in bytes."""
        return sum(self.layers.values())


class RegistryClient:
    """A client of one registry. The caller closes it. All methods raise RegistryRejected."""

    def __init__(self, place: RegistryPlace, login: Login | None = None) -> None:
        import aiohttp  # noqa: PLC0415 only who has a registry needs it

        parts = urlsplit(place.url)
        self._base = f"{parts.scheme}://{parts.netloc}/v2/"
        self._login = login
        self._authorization: dict[str, str] = {}  # key: repository
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE_S))

    async def close(self) -> None:
        await self._session.close()

    async def digest(self, repository: str, reference: str) -> str:
        """Return the digest to which a tag refers now."""
        headers, _ = await self._get(repository, f"manifests/{reference}", "HEAD")
        digest = headers.get("Docker-Content-Digest", "")
        if _DIGEST.match(digest):
            return digest
        return (await self._manifest(repository, reference))[0]

    async def resolve(self, repository: str, reference: str) -> ResolvedImage:
        """Return the image for App Runner's platform to which a tag or digest refers."""
        digest, manifest = await self._manifest(repository, reference)
        is_list = "manifests" in manifest
        if is_list:
            _, manifest = await self._manifest(repository, self._chosen(repository, reference, manifest))
        try:
            layers = {str(layer["digest"]): int(layer["size"]) for layer in manifest["layers"]}
            configuration = str(manifest["config"]["digest"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._strange(f"the manifest of {repository}:{reference} is not of version 2") from error
        return ResolvedImage(digest, layers, await self._platform(repository, configuration), is_list)

    def _chosen(self, repository: str, reference: str, index: Mapping[str, Any]) -> str:
        platforms: list[str] = []
        try:
            for each in index["manifests"]:
                given = each.get("platform") or {}
                platforms.append(f"{given.get('os')}/{given.get('architecture')}")
                if platforms[-1] == f"{OS}/{ARCHITECTURE}":
                    return str(each["digest"])
        except (KeyError, TypeError, AttributeError) as error:
            raise self._strange(f"the list of manifests of {repository}:{reference} is malformed") from error
        there = ", ".join(dict.fromkeys(name for name in platforms if "unknown" not in name)) or "nothing"
        msg = f"{repository}:{reference} at {self._base} is for {there}, and App Runner runs {OS}/{ARCHITECTURE}"
        raise RegistryRejected(RegistryFailure.PLATFORM, msg)

    async def _platform(self, repository: str, configuration: str) -> str:
        _, body = await self._get(repository, f"blobs/{configuration}")
        given = self._parsed(body, f"the configuration of an image of {repository}")
        return f"{given.get('os', OS)}/{given.get('architecture', ARCHITECTURE)}"

    async def _manifest(self, repository: str, reference: str) -> tuple[str, Mapping[str, Any]]:
        _, body = await self._get(repository, f"manifests/{reference}")
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if _DIGEST.match(reference) and reference != digest:
            raise self._strange(f"the manifest of {repository}@{reference} has another digest, {digest}")
        return digest, self._parsed(body, f"the manifest of {repository}:{reference}")

    def _parsed(self, body: bytes, what: str) -> Mapping[str, Any]:
        try:
            given = json.loads(body)
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise self._strange(f"{what} is not a JSON object")
        return given

    async def _get(self, repository: str, what: str, method: str = "GET") -> tuple[Mapping[str, str], bytes]:
        """Return the headers and the body of a response, after the authentication that the registry demands."""
        import aiohttp  # noqa: PLC0415

        url = f"{self._base}{repository}/{what}"
        try:
            status, headers, body = await self._once(method, url, self._authorization.get(repository))
            if status == _UNAUTHORIZED:
                authorization = await self._answered(headers.get("WWW-Authenticate", ""))
                if authorization is not None:
                    self._authorization[repository] = authorization
                    status, headers, body = await self._once(method, url, authorization)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._strange(f"it cannot be reached: {type(error).__name__}") from error
        if status == _OK:
            return headers, body
        code = f"{status}{_code(body)}"
        if status == _MISSING:
            raise RegistryRejected(RegistryFailure.MISSING, f"{url} answers {code}")
        if status in _DENIED:
            raise RegistryRejected(RegistryFailure.DENIED, f"{url} answers {code}")
        raise self._strange(f"{url} answers {code}")

    async def _once(self, method: str, url: str, authorization: str | None) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"Accept": _ACCEPT} | ({"Authorization": authorization} if authorization is not None else {})
        async with self._session.request(method, url, headers=headers) as answer:
            return answer.status, answer.headers, await self._read(answer)

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        body = b""
        async for piece in answer.content.iter_chunked(64 * 1024):
            body += piece
            if len(body) > _BYTES_MAX:
                raise self._strange(f"{answer.url} answers with more than {_BYTES_MAX} bytes")
        return body

    async def _answered(self, challenge: str) -> str | None:
        """Return the Authorization header that answers a challenge; None without credentials for it."""
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic" and self._login is not None:
            return _basic(self._login)
        if scheme.lower() != "bearer":
            return None
        parameters = dict(_PARAMETER.findall(rest))
        realm = parameters.pop("realm", "")
        if urlsplit(realm).scheme not in {"http", "https"}:
            return None
        asked = {name: parameters[name] for name in ("service", "scope") if name in parameters}
        headers = {"Authorization": _basic(self._login)} if self._login is not None else {}
        async with self._session.get(realm, params=asked, headers=headers) as answer:
            body = await self._read(answer)
            if answer.status != _OK:
                return None
        given = self._parsed(body, f"the answer of {realm}")
        token = given.get("token") or given.get("access_token")
        return f"Bearer {token}" if isinstance(token, str) else None

    def _strange(self, why: str) -> RegistryRejected:
        return RegistryRejected(RegistryFailure.UNREACHABLE, f"registry {self._base}: {why}")


def _basic(login: Login) -> str:
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode()


def _code(body: bytes) -> str:
    """Return a blank and the error code of a registry's response, such as MANIFEST_UNKNOWN; empty without one."""
    try:
        code = json.loads(body)["errors"][0]["code"]
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    return f" {code}" if isinstance(code, str) and code.isidentifier() else ""
