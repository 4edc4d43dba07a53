"""Traces of a run in virtual time, made from the rows of the request log.

A row contains times, status and instance; it has no method, no path and no trace context of a client. The traces are
dated as if the run had just ended: `begin_s` is the calendar time at which it begins. Durations are exact. Virtual time
does not wait for a collector, so the receiver of the traces must block while its queue is full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from simulator.records.request_log import Chunk
from simulator.records.request_trace import (
    ADMITTED,
    COLD_START,
    QUEUE,
    QUEUED,
    REJECTED,
    RequestTrace,
    Tracing,
    Wait,
)
from simulator.world.random_streams import RandomStreams

_ALL: Final = 1 << 64


class RowTraces:
    """A reader of the request log. `services`: the service of each source."""

    def __init__(self, tracing: Tracing, services: Sequence[str], begin_s: float, streams: RandomStreams) -> None:
        self._tracing = tracing
        self._services = tuple(services)
        self._begin_s = begin_s
        self._draw = streams.stream("row traces").integers

    def read(self, chunk: Chunk) -> None:
        ids = self._draw(1, _ALL, (len(chunk), 3), dtype="uint64")
        bound = self._tracing.sampling.bound
        picked = range(len(chunk)) if bound >= _ALL else np.flatnonzero(ids[:, 1] < np.uint64(bound)).tolist()
        receive: Callable[[RequestTrace], None] = self._tracing.receive
        for at in picked:
            high, low, upstream_id = ids[at].tolist()
            receive(self._trace(chunk, at, high << 64 | low, upstream_id))

    def _trace(self, chunk: Chunk, at: int, trace_id: int, upstream_id: int) -> RequestTrace:
        queue_s, cold_s = float(chunk.queue_s[at]), float(chunk.cold_s[at])
        instance, status = int(chunk.instance[at]), int(chunk.status[at])
        arrived_s = float(chunk.intended_s[at] + chunk.late_s[at])
        ended_s = float(chunk.intended_s[at] + chunk.latency_s[at])
        slot_s, begun_s = arrived_s + queue_s, arrived_s + queue_s + cold_s
        steps = (Wait(QUEUE, arrived_s, slot_s), Wait(COLD_START, slot_s, begun_s))
        has_waited = queue_s > 0 or cold_s > 0
        return RequestTrace(
            trace_id=trace_id,
            parent_id=0,
            upstream_id=upstream_id,
            service=self._services[int(chunk.source[at])],
            decision=QUEUED if has_waited else ADMITTED if instance else REJECTED,
            instance=str(instance) if instance else "",
            upstream="",
            attempts=1 if instance else 0,
            status=status,
            cause="",
            method="",
            target="",
            authority="",
            scheme="",
            port=0,
            minor=1,
            peer="",
            client="",
            user_agent="",
            offset_s=self._begin_s,
            arrived_s=arrived_s,
            begun_s=begun_s if instance else -1.0,
            answered_s=-1.0,
            ended_s=ended_s,
            waits=tuple(step for step in steps if step.to_s > step.from_s),
        )
