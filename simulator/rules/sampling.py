"""Head sampling: decides which requests are traced, by the rules of OpenTelemetry's samplers."""

from __future__ import annotations

from dataclasses import dataclass

_BITS = 64


@dataclass(frozen=True, slots=True)
class Sampling:
    """Samples the share `ratio` (0 to 1) of the requests. With `parent_based` the caller's decision applies if there is
    one.

    The lower half of the trace id decides, so every sampler with the same or a higher ratio samples the same trace.

    Raises:
        ValueError: if `ratio` is not within 0 to 1.
    """

    ratio: float = 1.0
    parent_based: bool = True

    def __post_init__(self) -> None:
        if not 0.0 <= self.ratio <= 1.0:
            msg = f"sampling = {self.ratio}, must be from 0 to 1"
            raise ValueError(msg)

    @property
    def bound(self) -> int:
        """The exclusive upper bound for the lower 64 bits of the ids of sampled traces."""
        return round(self.ratio * (1 << _BITS))

    def takes(self, trace_id: int, decided: bool | None) -> bool:
        """Return True if a request is to be traced. `decided` is the caller's decision; None if there is none."""
        if decided is not None and self.parent_based:
            return decided
        return trace_id & ((1 << _BITS) - 1) < self.bound
