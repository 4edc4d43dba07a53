"""The sources of a stack's template and SSM parameters, if the request contains only their names.

Templates: the object store of this simulator, else an AWS-compatible endpoint, else a plain-HTTP URL on loopback.
Nothing is read from AWS.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from simulator.control.assets.object_store import ObjectStore
from simulator.fleet.credentials.secrets import NoSecretError, SecretsPlace
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.secret_reference import parse_reference

TEMPLATE_BYTES_MAX: Final = 1_048_576  # of a template in S3 (CloudFormation's quotas)
URL_MAX: Final = 5120
# ASSUMPTION: the version that a bootstrap has here, which does not exist: higher than every version that a release of
# the CDK asks for. A CDK that asks for a higher one would settle it.
BOOTSTRAP_VERSION: Final = "1000"
_BOOTSTRAP: Final = re.compile(r"/cdk-bootstrap/[A-Za-z0-9_-]+/version", re.ASCII)
_S3: Final = re.compile(r"(?:(.+)\.)?s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?", re.ASCII)
_TIMEOUT_S: Final = 10.0


class ObjectPlace(NamedTuple):
    """Where a template is. `url`: its URL for plain HTTP, if the host is on loopback."""

    bucket: str
    key: str
    url: str = ""


class TemplateSources:
    """Reads templates and parameters. `aws`: the endpoint, if any, and the file with secrets and parameters."""

    def __init__(self, store: ObjectStore | None = None, aws: SecretsPlace | None = None) -> None:
        self.store = store or ObjectStore()
        self._aws = aws or SecretsPlace()

    async def template(self, url: str) -> str:
        """Return the text of a template. Raises ApiError (ValidationError) with AWS's sentences."""
        place = object_place(url)
        content = await self._stored(place)
        if content is None and self._aws.endpoint is not None:
            content = await self._of_endpoint(place)
        if content is None and place.url:
            content = await _fetched(place.url)
        if content is None:
            raise _s3_error("The specified key does not exist.", f"{place.bucket}/{place.key} is not in the store")
        if len(content) > TEMPLATE_BYTES_MAX:
            raise invalid_template(f"Template may not exceed {TEMPLATE_BYTES_MAX} bytes in size.")
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise invalid_template("Template format error: the template is not UTF-8.") from error

    async def parameter(self, name: str) -> str | None:
        """Return the value of an SSM parameter; None if there is none. The CDK's bootstrap version always exists."""
        try:
            source = self._aws.source() if self._aws.file is not None or self._aws.endpoint is not None else None
            if source is not None:
                return await source.text(parse_reference(name))
        except (NoSecretError, ValueError):
            pass
        return BOOTSTRAP_VERSION if _BOOTSTRAP.fullmatch(name) else None

    async def _stored(self, place: ObjectPlace) -> bytes | None:
        def read() -> bytes | None:
            found = self.store.get(place.bucket, place.key)
            return None if found is None else found.content

        try:
            return await asyncio.get_running_loop().run_in_executor(None, read)
        except (ApiError, OSError):  # not the name of a bucket: the URL is one of another server
            return None

    async def _of_endpoint(self, place: ObjectPlace) -> bytes | None:
        from aiobotocore.config import AioConfig  # noqa: PLC0415 for templates at an endpoint only
        from aiobotocore.session import get_session  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        config = AioConfig(
            connect_timeout=5, read_timeout=_TIMEOUT_S, retries={"max_attempts": 1}, s3={"addressing_style": "path"}
        )
        session: Any = get_session()
        try:
            async with session.create_client(
                "s3", region_name=self._aws.region, endpoint_url=self._aws.endpoint, config=config
            ) as client:
                answer = await client.get_object(Bucket=place.bucket, Key=place.key)
                content: bytes = await answer["Body"].read()
                return content
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in {"NoSuchKey", "NoSuchBucket", "404"}:
                return None
            raise _s3_error("Access Denied", f"{self._aws.endpoint} answers {code or 'an error'}") from None
        except (BotoCoreError, OSError) as error:
            raise _s3_error("Access Denied", f"{self._aws.endpoint}: {type(error).__name__}") from None


async def _fetched(url: str) -> bytes | None:
    """Return the content at a URL of this machine; None for 404."""
    import aiohttp  # noqa: PLC0415 for templates on other servers of this machine only

    try:
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, allow_redirects=False) as answer:
            if answer.status == 404:
                return None
            if answer.status != 200:
                raise _s3_error("Access Denied", f"{url} answers {answer.status}")
            return await answer.content.read(TEMPLATE_BYTES_MAX + 1)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _s3_error("Access Denied", f"{url} cannot be read: {type(error).__name__}") from error


def object_place(url: str) -> ObjectPlace:
    """Return the bucket and the key that a TemplateURL names.

    Raises:
        ApiError: ValidationError for a URL that is neither one of S3 nor one of plain HTTP on loopback.
    """
    try:
        parts = urlsplit(url)
        host, path = parts.hostname or "", unquote(parts.path).removeprefix("/")
    except ValueError as error:
        raise _unsupported(url) from error
    if len(url) > URL_MAX:
        raise _unsupported(url)
    if parts.scheme == "http" and _is_loopback(host):
        bucket, _, key = path.partition("/")
        return ObjectPlace(bucket, key, url)
    match = _S3.fullmatch(host)
    if parts.scheme == "s3":
        bucket, key = host, path
    elif parts.scheme == "https" and match is not None:
        bucket, key = (match[1], path) if match[1] else path.partition("/")[::2]
    else:
        raise _unsupported(url)
    if not bucket or not key:
        raise _unsupported(url)
    return ObjectPlace(bucket, key)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def invalid_template(message: str, hint: str = "") -> ApiError:
    return ApiError("ValidationError", message, hint)


def _unsupported(url: str) -> ApiError:
    return invalid_template(
        "TemplateURL must be a supported URL.",
        f"{url[:200]!r}, must be an https URL of S3, or an http URL of this machine",
    )


def _s3_error(text: str, hint: str) -> ApiError:
    return invalid_template(
        f"S3 error: {text}\nFor more information check "
        "http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
        hint,
    )
