"""The AWS-compatible endpoint, called with aiobotocore; its answers become the exceptions of batch senders.

aiobotocore is used instead of botocore in a thread because the package calls Secrets Manager and STS with it already. A
request takes 0.1 ms per metric of the event loop's time for its serialization, which a thread would take as well.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any, Final

from simulator.telemetry.cloudwatch.lines import LogStream
from simulator.telemetry.cloudwatch.send_queue import LinesBatch, PointsBatch
from simulator.telemetry.cloudwatch.settings import CloudWatchSettings
from simulator.world.clock import utc_now

_CONNECT_S: Final = 5.0
_READ_S: Final = 15.0
_SERVER_FAULT: Final = 500
_OLDEST: Final = timedelta(days=14)
_KNOWN_MAX: Final = 20_000  # known streams; the number of instances over time is unlimited
# Errors after which the same request may succeed later, or with corrected credentials.
_LATER: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "LimitExceededException",
        "OperationAbortedException",
        "RequestExpired",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SignatureDoesNotMatch",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "UnrecognizedClientException",
    }
)


class Unreachable(Exception):
    """The endpoint is unavailable now; the same request may be sent again. The message gives the reason."""


class Rejected(Exception):
    """The endpoint will never accept this request. The message gives the reason."""


class Endpoint:
    """Client of CloudWatch and CloudWatch Logs; always close it."""

    def __init__(self, settings: CloudWatchSettings) -> None:
        self._settings = settings
        self._clients: dict[tuple[str, str], Any] = {}
        self._known: dict[LogStream, None] = {}  # streams that exist; a log group is an entry without a stream name
        self._closing = contextlib.AsyncExitStack()
        self._session: Any = None

    async def open(self) -> None:
        """Open the clients before the first request, because importing their modules takes half a second.

        Raises:
            OSError: if a client cannot be opened.
        """
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 takes half a second; imported on first use

        try:
            if self._settings.metrics:
                await self._client("cloudwatch", self._settings.region)
            if self._settings.logs:
                await self._client("logs", self._settings.region)
        except (BotoCoreError, ValueError) as error:  # a missing profile, or an invalid configuration file
            msg = f"cloudwatch: {error}"
            raise OSError(msg) from error

    async def close(self) -> None:
        await self._closing.aclose()
        self._clients.clear()

    async def put_points(self, batch: PointsBatch) -> int:
        """Send points.

        Return how many were not accepted, because they are older than two weeks. Raises Unreachable, Rejected.
        """
        oldest = utc_now() - _OLDEST  # CloudWatch rejects a request that contains an older point
        data = [point.datum for point in batch.points if point.datum["Timestamp"] > oldest]
        if data:
            named = {"Namespace": self._settings.namespace, "MetricData": data}
            await self._ask("cloudwatch", batch.region, "put_metric_data", **named)
        return len(batch) - len(data)

    async def put_lines(self, batch: LinesBatch) -> int:
        """Send lines.

        Return how many were not accepted, because they are older than two weeks. Raises Unreachable, Rejected.
        """
        try:
            return await self._put_lines(batch)
        except _IsMissing:  # the group or the stream was deleted, or the endpoint has lost its state
            self._known.pop(batch.stream, None)
            self._known.pop(_group_of(batch.stream), None)
        try:
            return await self._put_lines(batch)
        except _IsMissing as error:
            raise Unreachable(str(error)) from error

    async def _put_lines(self, batch: LinesBatch) -> int:
        stream, group = batch.stream, _group_of(batch.stream)
        if group not in self._known:
            await self._make(group, "create_log_group", logGroupName=stream.group)
        if stream not in self._known:
            await self._make(stream, "create_log_stream", logGroupName=stream.group, logStreamName=stream.name)
        events = [{"timestamp": line.at_ms, "message": line.text} for line in batch.lines]
        names = {"logGroupName": stream.group, "logStreamName": stream.name}
        answer = await self._ask("logs", stream.region, "put_log_events", logEvents=events, **names)
        return _rejected(answer.get("rejectedLogEventsInfo") or {}, len(events))

    async def _make(self, what: LogStream, call: str, **asked: str) -> None:
        with contextlib.suppress(_IsThere):
            await self._ask("logs", what.region, call, **asked)
        self._known[what] = None
        if len(self._known) > _KNOWN_MAX:
            del self._known[next(iter(self._known))]

    async def _ask(self, service: str, region: str, call: str, **asked: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415 as in `open`

        place = self._place(service)
        try:
            client = await self._client(service, region)
            return await getattr(client, call)(**asked)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "an error"))
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_FAULT)
            raise _error_class(code, status)(f"{place} answers {code} to {call}") from None
        except NoCredentialsError:
            raise Unreachable(f"{place} cannot be called: no AWS credentials in environment, profile or role") from None
        except (BotoCoreError, OSError) as error:
            raise Unreachable(f"{place} cannot be called: {type(error).__name__}") from None

    async def _client(self, service: str, region: str) -> Any:
        client = self._clients.get((service, region))
        if client is None:
            from aiobotocore.config import AioConfig  # noqa: PLC0415 as in `open`
            from aiobotocore.session import get_session  # noqa: PLC0415

            if self._session is None:
                self._session = get_session()
            config = AioConfig(
                connect_timeout=_CONNECT_S,
                read_timeout=_READ_S,
                retries={"total_max_attempts": 1},  # the batch sender tries again and reports it
                # the input comes only from this package, and validation would double the CPU time
                parameter_validation=False,
                disable_request_compression=True,  # not every AWS-compatible endpoint decompresses
            )
            made = self._session.create_client(
                service, region_name=region, endpoint_url=self._place(service), config=config
            )
            client = self._clients[service, region] = await self._closing.enter_async_context(made)
        return client

    def _place(self, service: str) -> str:
        settings = self._settings
        return (settings.logs_endpoint if service == "logs" else None) or settings.endpoint


class _IsThere(Exception):
    """The resource already exists."""


class _IsMissing(Rejected):
    """The resource does not exist."""


def _group_of(stream: LogStream) -> LogStream:
    return LogStream(stream.region, stream.group, "")


def _error_class(code: str, status: int) -> type[Exception]:
    if code == "ResourceAlreadyExistsException":
        return _IsThere
    if code == "ResourceNotFoundException":
        return _IsMissing
    return Unreachable if status >= _SERVER_FAULT or code in _LATER else Rejected


def _rejected(info: dict[str, int], count: int) -> int:
    """Return the number of rejected events, computed from the indices in PutLogEvents' answer.

    The indices are those of the first event that is not too old, the first that is not expired, and the first that is
    too new.
    """
    begin = max(info.get("tooOldLogEventEndIndex", 0), info.get("expiredLogEventEndIndex", 0))
    end = info.get("tooNewLogEventStartIndex", count)
    return count - max(0, end - begin)
