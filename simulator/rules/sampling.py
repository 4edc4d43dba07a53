"""Head sampling: which requests are traced. The rules of OpenTelemetry's samplers."""

from __future__ import annotations

from dataclasses import dataclass

_BITS = 64


@dataclass(frozen=True, slots=True)
class Sampling:
    """`ratio` of the requests that come without a decision, from 0 to 1; with `parent_based` a caller's decision holds.

    A trace is taken by the lower half of its id, so everybody with that ratio or a higher one takes it too.

    Raises:
        ValueError: when the ratio is none.
    """

    ratio: float = 1.0
    parent_based: bool = True

    def __post_init__(self) -> None:
        if not 0.0 <= self.ratio <= 1.0:
            msg = f"sampling = {self.ratio}, must be from 0 to 1"
            raise ValueError(msg)

    @property
    def bound(self) -> int:
        """The lower 64 bits of a trace that is taken are below it."""
        return round(self.ratio * (1 << _BITS))

    def takes(self, trace_id: int, decided: bool | None) -> bool:
        """`decided`: by the caller; None when there is none, or it has not."""
        if decided is not None and self.parent_based:
            return decided
        return trace_id & ((1 << _BITS) - 1) < self.bound
