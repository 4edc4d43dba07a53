"""Every limit of the data plane: bytes, counts and times of the load balancer, in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

# Developer Guide, "develop": a request may take 120 s in total, reading its body and writing its answer included.
REQUEST_S: Final = 120.0


class Profile(StrEnum):
    """How the balancer presents itself in heads."""

    APP_RUNNER = "app-runner"  # as App Runner's Envoy does
    PLAIN = "plain"  # Forwarded, Via and X-Forwarded-*, nothing of Envoy's


@dataclass(frozen=True, slots=True)
class DataPlaneLimits:
    """Bounds of listeners, client connections and connections to instances. All positive.

    Sizes in bytes, times in seconds. Defaults follow Envoy where it has one (App Runner's data plane is Envoy, facts
    3.1), else the AWS load balancers, else the strictest of nginx, HAProxy and hyper; each line says which.

    Raises:
        ValueError: when a limit is not positive, or a part exceeds its whole.
    """

    # --- heads
    request_line_bytes_max: int = 16 * 1024  # ALB; over it 414
    head_bytes_max: int = 60 * 1024  # Envoy max_request_headers_kb 60; over it 431
    head_fields_max: int = 100  # Envoy max_headers_count; over it 431
    answer_head_bytes_max: int = 60 * 1024  # the same towards the application; over it 502
    answer_fields_max: int = 100  # Envoy max_headers_count, which counts for answers too; over it 502
    # --- bodies
    chunk_line_bytes_max: int = 4 * 1024  # one chunk-size line with its extensions
    chunk_overhead_bytes_max: int = 16 * 1024  # extensions of one message in all: Go's answer to CVE-2023-39326
    trailer_bytes_max: int = 8 * 1024
    # --- buffers; each direction of an exchange holds about this much before the other side is told to wait
    read_ahead_bytes: int = 64 * 1024  # body read before a slot is granted, or requests pipelined behind one
    write_buffer_bytes: int = 64 * 1024  # asyncio's own high-water mark
    # --- time at the client's side
    handshake_s: float = 15.0  # TLS handshake
    head_s: float = 15.0  # whole head from its first byte: 408
    idle_s: float = 60.0  # keep-alive without a request, or a new connection that says nothing (ALB)
    body_idle_s: float = 60.0  # between two reads of a request body: 408
    # How long an application may take to refuse a request with Expect: 100-continue before its body; then the balancer
    # says 100 itself. Envoy waits for nothing; so short a time costs nobody much and lets a quick 401 or 413 through.
    continue_s: float = 0.05
    write_stall_s: float = 60.0  # a client that does not read (nginx send_timeout)
    linger_s: float = 1.0  # reading on after an answer that overtook its request, until nothing comes for so long
    linger_s_max: float = 30.0  # the same, while the client sends on (nginx lingering_time)
    sweep_s: float = 0.5  # how often the times above are looked at, so each may be late by as much
    drain_s: float = REQUEST_S  # closing a listener waits this long for the requests that run
    # --- connections
    connections_max: int = 20_000
    connections_per_client_max: int = 20_000
    accept_backlog: int = 1024
    # --- towards instances
    connect_s: float = 5.0  # Envoy connect_timeout
    upstream_idle_s: float = 1.5  # shorter than the keep-alive of common servers (gunicorn 2 s, uvicorn and Node 5 s)
    upstream_idle_max: int = 200  # per instance: the largest MaxConcurrency there is
    attempts_max: int = 3  # instances tried for a request of which none has got a byte (HAProxy: retries 3)
    # --- the whole request; carried out by the pool, named here for x-envoy-expected-rq-timeout-ms
    request_s: float = REQUEST_S

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                msg = f"{field.name} = {value!r}, must be positive"
                raise ValueError(msg)
        if self.request_line_bytes_max > self.head_bytes_max:
            msg = (
                f"request_line_bytes_max = {self.request_line_bytes_max}, "
                f"must not exceed head_bytes_max = {self.head_bytes_max}"
            )
            raise ValueError(msg)
