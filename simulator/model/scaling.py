"""The auto scaling configuration: App Runner's MaxConcurrency, MinSize and MaxSize."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AutoScalingConfiguration:
    """MaxConcurrency 1-200, MinSize 1-25, MaxSize >= 1 (facts 1.6: MODEL).

    App Runner does not allow `min_size` 0; it exists for policies that scale to zero (Knative). The code that creates
    the configuration checks that the policy supports it.

    Raises:
        ValueError: if a number is out of range or MinSize exceeds MaxSize.
    """

    max_concurrency: int = 100
    min_size: int = 1
    max_size: int = 25

    def __post_init__(self) -> None:
        if not 1 <= self.max_concurrency <= 200:
            msg = f"max_concurrency = {self.max_concurrency}, must be 1 to 200"
            raise ValueError(msg)
        if not 0 <= self.min_size <= 25:
            msg = f"min_size = {self.min_size}, must be 1 to 25 (0 only with a policy that scales to zero)"
            raise ValueError(msg)
        if self.max_size < 1:
            msg = f"max_size = {self.max_size}, must be at least 1"
            raise ValueError(msg)
        if self.min_size > self.max_size:
            msg = f"min_size = {self.min_size}, must not exceed max_size = {self.max_size}"
            raise ValueError(msg)

    def __str__(self) -> str:
        return f"MaxConcurrency {self.max_concurrency}, MinSize {self.min_size}, MaxSize {self.max_size}"
