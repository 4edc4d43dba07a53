"""All connections to one instance: idle connections, their assignment to requests, and retries."""

from __future__ import annotations

import asyncio
from typing import Final

from simulator.model.data_plane import DataPlaneLimits
from simulator.model.rejection import CONNECT_FAILURE, CONNECT_TIMEOUT, EXHAUSTED, TERMINATED, Rejection
from simulator.wire.exhaustion import exhaustion_log, is_exhaustion
from simulator.wire.upstream import Caller, UpstreamConnection
from simulator.world.tasks import Tasks

# If the application closes an idle connection within this time, it is assumed to do so for _CLOSES_EARLY_S seconds.
_EARLY_CLOSE_S: Final = 0.1
_CLOSES_EARLY_S: Final = 60.0


class Origin:
    """Keep-alive connections to `host`:`port`. They use no task per request, and one per new connection until it is
    open.

    The most recently used idle connection is taken first, so that the others can reach their idle timeout. A request is
    retried at most once, on a new connection, and only if the first connection was reused, ended before a byte of the
    response, and repeating the request is harmless. The number of connections is limited by the requests in progress,
    which the pool limits by MaxConcurrency, plus `upstream_idle_max`.
    """

    def __init__(self, host: str, port: int, limits: DataPlaneLimits) -> None:
        """Create the origin. Call this in a running event loop."""
        self.limits = limits
        self._host = host
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._tasks = Tasks(f"origin {host}:{port}")
        self._idle: dict[UpstreamConnection, float] = {}  # connection -> time at which it became idle; oldest first
        self._links: dict[UpstreamConnection, None] = {}  # all connections, including those being opened
        self._reaper: asyncio.TimerHandle | None = None
        self._closed = False
        # until then the application is assumed to close idle connections too soon to be checked
        self._closes_early_until_s = 0.0

    def begin(self, caller: Caller) -> None:
        """Serve `caller` on an idle connection if there is one, otherwise on a new one."""
        now_s = self._loop.time()
        horizon_s = now_s - self.limits.upstream_idle_s
        # The event loop may not have reported the end of an idle connection yet. A request that may be repeated relies
        # on the retry. For any other, the connection is checked first, and no idle connection is used if the
        # application closes them soon after responses (http-proxy.md 123).
        safe = caller.is_safe_to_lose()
        if safe or now_s >= self._closes_early_until_s:
            while self._idle:
                link, since_s = self._idle.popitem()
                if link.is_usable and since_s > horizon_s:
                    if safe or not link.has_news():
                        link.serve(caller)
                        return
                    self._ended(now_s - since_s)
                link.drop()
        self.begin_fresh(caller)

    def begin_fresh(self, caller: Caller) -> None:
        """Serve `caller` on a new connection."""
        if self._closed:
            caller.broken(CONNECT_FAILURE)
            return
        link = UpstreamConnection(self, caller)
        self._links[link] = None
        self._tasks.spawn(self._connect(link), "connect")

    async def close(self) -> None:
        """Cut all connections. Callers in progress are notified that theirs was terminated, or was never opened."""
        self._closed = True
        if self._reaper is not None:
            self._reaper.cancel()
        await self._tasks.close()
        for link in list(self._links):
            link.reject(TERMINATED if link.is_connected else CONNECT_FAILURE)
        self._idle.clear()

    # --- calls by connections ----------------------------------------------------------------------------------------

    def release(self, link: UpstreamConnection) -> None:
        """Take back `link`, which is idle and has no unread bytes."""
        if self._closed or len(self._idle) >= self.limits.upstream_idle_max:
            link.drop()
            return
        self._idle[link] = self._loop.time()
        if self._reaper is None:
            self._reaper = self._loop.call_later(self.limits.upstream_idle_s, self._reap)

    def forget(self, link: UpstreamConnection) -> None:
        self._links.pop(link, None)
        since_s = self._idle.pop(link, None)
        if since_s is not None:
            self._ended(self._loop.time() - since_s)

    def repeat(self, caller: Caller) -> None:
        self.begin_fresh(caller)

    # -----------------------------------------------------------------------------------------------------------------

    def _ended(self, idle_s: float) -> None:
        """Record that the application closed an idle connection that its response had not announced as closing."""
        if idle_s < _EARLY_CLOSE_S:
            self._closes_early_until_s = self._loop.time() + _CLOSES_EARLY_S

    async def _connect(self, link: UpstreamConnection) -> None:
        try:
            async with asyncio.timeout(self.limits.connect_s):
                await self._loop.create_connection(lambda: link, self._host, self._port)
        except OSError as error:
            self.forget(link)
            link.reject(self._rejection_of(error))

    def _rejection_of(self, error: OSError) -> Rejection:
        if isinstance(error, TimeoutError):
            return CONNECT_TIMEOUT
        if not is_exhaustion(error):
            return CONNECT_FAILURE
        exhaustion_log.report(error, f"connections to {self._host}:{self._port} cannot be made, requests get 503")
        return EXHAUSTED

    def _reap(self) -> None:
        """Close connections that have been idle for too long, and schedule the next check."""
        self._reaper = None
        now_s = self._loop.time()
        for link, since_s in list(self._idle.items()):
            due_s = since_s + self.limits.upstream_idle_s
            if due_s > now_s:
                self._reaper = self._loop.call_at(due_s, self._reap)
                return
            del self._idle[link]
            link.drop()
