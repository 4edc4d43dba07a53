"""A client of one AWS service at a configured endpoint, for callers that make many calls."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

PAGES_MAX: Final = 1000  # maximum number of pages of a list; an endpoint that returns more is broken


class EndpointError(Exception):
    """An endpoint answered with an error, or did not answer; see the message. `code`: AWS's error code."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class AwsEndpoint:
    """The client, which is created at the first call and kept open. Credentials come from botocore's usual sources."""

    def __init__(self, service: str, endpoint: str, region: str) -> None:
        self.endpoint = endpoint
        self._service, self._region = service, region
        self._opened = AsyncExitStack()
        self._client: Any = None

    async def ask(self, call: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call an operation, named as in boto3, and return its answer. Raises EndpointError."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 half a second of import

        try:
            answer: Mapping[str, Any] = await getattr(await self._open(), call)(**request)
        except ClientError as error:
            given = error.response.get("Error", {})
            code = str(given.get("Code", "an error"))
            raise EndpointError(f"{self.endpoint} answers {code} to {call}: {given.get('Message', '')}", code) from None
        except (BotoCoreError, OSError) as error:
            raise EndpointError(f"{self.endpoint} cannot be reached: {type(error).__name__}") from None
        return answer

    async def listed(self, call: str, member: str, request: Mapping[str, Any], marker: str) -> list[Mapping[str, Any]]:
        """Return all entries of a list. `marker`: the member that requests the next page. Raises EndpointError."""
        entries: list[Mapping[str, Any]] = []
        position: dict[str, Any] = {}
        for _ in range(PAGES_MAX):
            answer = await self.ask(call, {**request, **position})
            page = answer.get(member, [])
            entries += page
            if not (page and answer.get(marker)) or position.get(marker) == answer[marker]:
                break
            position = {marker: answer[marker]}
        return entries

    async def close(self) -> None:
        """Close the client's connections. Idempotent."""
        self._client = None
        await self._opened.aclose()

    async def _open(self) -> Any:
        if self._client is None:
            from aiobotocore.config import AioConfig  # noqa: PLC0415 half a second of import for who needs it
            from aiobotocore.session import get_session  # noqa: PLC0415

            limits = AioConfig(connect_timeout=5, read_timeout=10, retries={"max_attempts": 1})
            opening = get_session().create_client(
                self._service, region_name=self._region, endpoint_url=self.endpoint, config=limits
            )
            self._client = await self._opened.enter_async_context(opening)
        return self._client
