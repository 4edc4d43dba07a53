"""The service and the run that a prediction is about: instances, MaxConcurrency, size, length of the run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize, parse_cpu, parse_memory, supported
from simulator.model.text.units import parse_number, parse_rate

DURATION_S: Final = 60.0
WARM_UP_S: Final = 5.0
RATE_MIN_RPS: Final = 0.01
RATE_MAX_RPS: Final = 1e6
MAX_CONCURRENCY: Final = AutoScalingConfiguration().max_concurrency
_NUMBER: Final = r"[0-9]+(?:\.[0-9]+)?"
_SIZE: Final = re.compile(
    rf"\s*(?P<cpu>{_NUMBER}(?:\s*vcpu)?)\s*[/,]?\s+(?P<memory>{_NUMBER}(?:\s*gb)?)\s*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class PredictedService:
    """The settings of the predicted service.

    `instances`: a fixed number of instances. With `max_size` the service scales between `min_size` and `max_size`
    instead. `size`: None is that of the observation. `duration_s`: length of the runs, warm-up included; chance in a
    run of this length is a part of the intervals.

    Raises:
        ValueError: if the numbers do not fit together.
    """

    instances: int = 1
    min_size: int | None = None
    max_size: int | None = None
    max_concurrency: int = MAX_CONCURRENCY
    size: InstanceSize | None = None
    duration_s: float = DURATION_S
    warm_up_s: float = WARM_UP_S
    seed: int = 1

    def __post_init__(self) -> None:
        if self.min_size is not None and self.max_size is None:
            msg = f"min_size = {self.min_size}, must come with max_size: without it the number of instances is fixed"
            raise ValueError(msg)
        if self.max_size is not None and self.max_size < (self.min_size or 1):
            msg = f"max_size = {self.max_size}, must be at least min_size = {self.min_size or 1}"
            raise ValueError(msg)
        if not 0 <= self.warm_up_s < self.duration_s:
            msg = f"warm_up = {self.warm_up_s:g} s, must be below the duration of {self.duration_s:g} s"
            raise ValueError(msg)

    @property
    def scales(self) -> bool:
        """True if the number of instances varies during a run."""
        return self.max_size is not None

    @property
    def sizes(self) -> tuple[int, int]:
        """Minimum and maximum number of instances."""
        return (self.instances, self.instances) if self.max_size is None else (self.min_size or 1, self.max_size)

    def text(self, size: InstanceSize) -> str:
        """Describe the service with instances of `size`."""
        low, high = self.sizes
        count = f"{low} instance{'s' * (low != 1)}" if not self.scales else f"{low} to {high} instances"
        return f"{count} of {size}, MaxConcurrency {self.max_concurrency}"


def parse_size(text: str) -> InstanceSize:
    """Parse an instance size of App Runner: `1 vCPU 2 GB`, `0.5 vCPU / 1 GB`, `1024 2048`.

    Raises:
        ValueError: if the text is no size, or App Runner does not offer it.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        msg = f"size = {text!r}, must be vCPUs and memory, such as '1 vCPU 2 GB'"
        raise ValueError(msg)
    return supported(parse_cpu(match["cpu"]), parse_memory(match["memory"]))


def parse_rates(text: str) -> tuple[float, ...]:
    """Parse rates in requests/s: `60,100,140`, `100/s`, `6000/min`.

    Raises:
        ValueError: if one of them is no rate above 0, or is given twice.
    """
    rates = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            rate_rps = parse_number(part) if "/" not in part else parse_rate(part)
        except ValueError:
            rate_rps = 0.0
        if not RATE_MIN_RPS <= rate_rps <= RATE_MAX_RPS or rate_rps in rates:
            expected = f"rates from {RATE_MIN_RPS:g}/s to {RATE_MAX_RPS:g}/s, each once, such as 60,100 or 6000/min"
            msg = f"rate = {part}, must be {expected}"
            raise ValueError(msg)
        rates.append(rate_rps)
    if not rates:
        msg = f"rate = {text!r}, must be a rate or several, such as 60,100,140"
        raise ValueError(msg)
    return tuple(rates)
