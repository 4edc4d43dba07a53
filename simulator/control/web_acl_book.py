"""The web ACLs with which services can be associated: those in files, and the current ones of a WAF endpoint."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from simulator.fleet.credentials.aws_endpoint import EndpointError

if TYPE_CHECKING:
    from simulator.control.web_acl_endpoint import WebAclEndpoint
    from simulator.rules.waf.web_acl import WebAcl
    from simulator.world.tasks import Tasks

_log = logging.getLogger(__name__)


class WebAclBook(Mapping[str, "WebAcl"]):
    """Web ACLs by ARN.

    `files`: web ACLs in files, which have precedence. `interval_s`: seconds between two polls of the endpoint.

    # ASSUMPTION: the rate-based rules of a web ACL that changes count from zero; AWS has not published this. Settled by
    # a change beside a rate-based rule that blocks requests, on AWS.
    """

    def __init__(self, files: Mapping[str, WebAcl], endpoint: WebAclEndpoint, interval_s: float) -> None:
        self._files, self._endpoint, self._interval_s = files, endpoint, interval_s
        self._fetched: dict[str, WebAcl] = {}
        self._changed: Callable[[Collection[str]], None] = lambda _arns: None
        self._turn = asyncio.Lock()
        self._failure = ""

    def __getitem__(self, arn: str) -> WebAcl:
        return self._files[arn] if arn in self._files else self._fetched[arn]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._fetched, **self._files})

    def __len__(self) -> int:
        return len({**self._fetched, **self._files})

    async def refresh(self) -> Collection[str]:
        """Poll the endpoint. Return the ARNs of web ACLs that are new or have changed.

        If the endpoint does not answer, all web ACLs stay. One that it no longer has stays too, because AWS keeps those
        in use.
        """
        async with self._turn:
            try:
                documents = await self._endpoint.read()
            except EndpointError as error:
                if str(error) != self._failure:
                    self._failure = str(error)
                    _log.warning("web ACLs: %s; they stay as they are", error)
                return ()
            self._failure = ""
            before = self._fetched
            self._fetched = before | self._endpoint.usable(documents, before)
            return [arn for arn, acl in self._fetched.items() if before.get(arn) is not acl and arn not in self._files]

    async def start(self, changed: Callable[[Collection[str]], None], tasks: Tasks) -> None:
        """Poll the endpoint now, then at each interval. `changed` is called with the ARNs of web ACLs that changed."""
        await self.refresh()
        self._changed = changed
        tasks.spawn(self._run(), "web ACLs")

    async def look(self) -> None:
        """Poll the endpoint now, between two intervals."""
        if arns := await self.refresh():
            self._changed(arns)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            await self.look()

    async def close(self) -> None:
        await self._endpoint.client.close()
