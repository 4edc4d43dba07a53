"""How the code of an application uses the vCPUs of its instance: in which order, on how many at a time, how well.

- SHARED: requests are threads, and those that compute share the processors (processor sharing).
- FIRST_COME: the CPU work of a request runs to completion before the next one begins, in order of arrival, as the
  handlers of an event loop do (Node.js, asyncio). Waits for I/O still overlap. One vCPU is then M/G/1, and c of them
  M/G/c, first come first served.

`parallelism` is the number of processors that the code can use at a time: 1 for an event loop, and for the threads of
an interpreter with a global lock. With SHARED it limits the total speed. With FIRST_COME it is the number of requests
that compute at a time; if they are more than the vCPUs, they share them.

A request may compute in several parts with I/O between them, as a handler with many `await`s does, and a streamed
answer. `visits` is the number of its parts, the visit count of operational analysis (Denning and Buzen: The Operational
Analysis of Queueing Network Models, 1978). Its CPU and I/O times are divided into as many equal parts, which alternate.
Each CPU part is a computation of its own: with FIRST_COME it joins the end of the line, so that a request waits as many
times. With SHARED and Poisson arrivals the mean response time depends on the sums only, not on the number of visits.

Requests that compute at the same time may slow each other down, by locks and by moving data between processors: with n
of them each needs 1 + contention (n - 1) + coherency n (n - 1) times its CPU time, which is the Universal Scalability
Law (Gunther: Guerrilla Capacity Planning, 2007). The throughput n / that factor has its maximum at
sqrt((1 - contention) / coherency) requests, and decreases beyond it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class CpuOrder(StrEnum):
    """In which order the requests of an instance use its CPU."""

    SHARED = "shared"
    FIRST_COME = "first_come"


@dataclass(frozen=True, slots=True)
class CpuUse:
    """How an application uses the CPU. `parallelism`: processors that it uses at a time; None: all. `visits`: parts in
    which a request computes, with a part of its I/O after each.

    Raises:
        ValueError: if a number is out of range.
    """

    order: CpuOrder = CpuOrder.SHARED
    parallelism: int | None = None
    contention: float = 0.0
    coherency: float = 0.0
    visits: int = 1

    def __post_init__(self) -> None:
        if self.parallelism is not None and self.parallelism < 1:
            msg = f"parallelism = {self.parallelism}, must be at least 1"
            raise ValueError(msg)
        if self.visits < 1:
            msg = f"visits = {self.visits}, must be at least 1"
            raise ValueError(msg)
        for name in ("contention", "coherency"):
            if not 0 <= getattr(self, name) < math.inf:
                msg = f"{name} = {getattr(self, name):g}, must be at least 0 and finite"
                raise ValueError(msg)

    @property
    def has_turns(self) -> bool:
        """True if requests wait for their turn to compute."""
        return self.order is CpuOrder.FIRST_COME

    def turns(self, processors: float) -> float:
        """Return how many requests compute at a time on that many processors; infinity if there is no limit."""
        if not self.has_turns:
            return math.inf
        return math.ceil(processors) if self.parallelism is None else self.parallelism

    def usable(self, vcpu: float) -> float:
        """Return how many of the vCPUs the application can use."""
        return vcpu if self.parallelism is None else min(vcpu, self.parallelism)


ALL_SHARED: Final = CpuUse()


def slowdown(computing: int, contention: float, coherency: float) -> float:
    """Return by what factor each of `computing` simultaneous computations takes longer than alone."""
    more = max(0, computing - 1)
    return 1 + contention * more + coherency * computing * more
