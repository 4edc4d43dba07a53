"""The limits of the data plane: bytes, counts and times of the load balancer, in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

# Developer Guide, "develop": 120 s in total for a request, including reading its body and writing its response.
REQUEST_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class DataPlaneLimits:
    """Limits of listeners, client connections and connections to instances. All are positive.

    Sizes in bytes, times in seconds. Defaults follow Envoy where it has a limit (App Runner's data plane is Envoy,
    facts 3.1), otherwise the AWS load balancers, otherwise the strictest of nginx, HAProxy and hyper. The comment of
    each limit names its source.

    Raises:
        ValueError: if a limit is not positive, or exceeds the limit that contains it.
    """

    # --- headers
    request_line_bytes_max: int = 16 * 1024  # ALB; a longer line is answered with 414
    head_bytes_max: int = 60 * 1024  # Envoy max_request_headers_kb 60; a larger header section gets 431
    head_fields_max: int = 100  # Envoy max_headers_count; more fields get 431
    answer_head_bytes_max: int = 60 * 1024  # the same limit for the application's response; exceeding it gives 502
    answer_fields_max: int = 100  # Envoy max_headers_count, which applies to responses too; exceeding it gives 502
    # --- bodies
    chunk_line_bytes_max: int = 4 * 1024  # one chunk-size line with its extensions
    chunk_overhead_bytes_max: int = 16 * 1024  # all chunk extensions of one message: Go's fix for CVE-2023-39326
    trailer_bytes_max: int = 8 * 1024
    # --- buffers; each direction of an exchange buffers about this much before it applies backpressure
    read_ahead_bytes: int = 64 * 1024  # body bytes read before a slot is granted, or pipelined requests
    write_buffer_bytes: int = 64 * 1024  # asyncio's default high-water mark
    # --- times on the client side
    handshake_s: float = 15.0  # TLS handshake
    head_s: float = 15.0  # the complete header section, counted from its first byte; then 408
    idle_s: float = 60.0  # a keep-alive connection without a request, or a new connection that sends nothing (ALB)
    body_idle_s: float = 60.0  # between two reads of a request body; then 408
    # How long an application may take to reject a request with Expect: 100-continue before its body is sent; then the
    # balancer sends 100 itself. Envoy does not wait; so short a delay costs little and lets a quick 401 or 413 through.
    continue_s: float = 0.05
    write_stall_s: float = 60.0  # a client that does not read (nginx send_timeout)
    linger_s: float = 1.0  # after a response that precedes the end of its request: read until this long without data
    linger_s_max: float = 30.0  # upper bound of that reading while the client keeps sending (nginx lingering_time)
    sweep_s: float = 0.5  # interval at which the times above are checked, so each may be late by this much
    drain_s: float = REQUEST_S  # closing a listener waits up to this long for the running requests
    # --- connections
    connections_max: int = 20_000
    connections_per_client_max: int = 20_000
    accept_backlog: int = 1024
    # --- towards instances
    connect_s: float = 5.0  # Envoy connect_timeout
    upstream_idle_s: float = 1.5  # shorter than the keep-alive of common servers (gunicorn 2 s, uvicorn and Node 5 s)
    upstream_idle_max: int = 200  # per instance: the largest allowed MaxConcurrency
    attempts_max: int = 3  # instances tried while no byte of the request has reached an instance (HAProxy: retries 3)
    # --- the whole request; the pool enforces it, the header x-envoy-expected-rq-timeout-ms shows it
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
