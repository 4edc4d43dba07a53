"""The report's part about the verdict: what happened to which requests, why, and what would have changed it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import ConfigDict, Field

from simulator.model.text.field_docstrings import DescribedModel


class CauseKind(StrEnum):
    """Why requests were lost or slow."""

    START_LAG = "start lag"
    SCALE_IN = "scale-in"
    MAX_SIZE = "MaxSize"
    MAX_CONCURRENCY_LOW = "MaxConcurrency too low"
    MAX_CONCURRENCY_HIGH = "MaxConcurrency too high"
    CRASH = "crash"
    DEPLOYMENT = "deployment"
    TIME_OUT = "time-out"
    RETRIES = "retries"
    THROTTLED_CPU = "throttled CPU"
    DOWNSTREAM = "downstream"
    NETWORK_FAULT = "network fault"
    APPLICATION = "application"


class CausePart(DescribedModel):
    """A cause, and the requests that it explains."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: CauseKind
    outcome: Literal["rejected", "failed", "slow"]
    """What happened to the requests: rejected (429), failed otherwise, or answered more slowly than a check allows."""
    requests: int
    """Requests after the warm-up. A lost request has one cause; `retries` are counted beside it."""
    begin_s: float
    """The first bin with such a request begins then."""
    end_s: float
    """The last bin with such a request ends then."""
    text: str
    """The evidence, as a clause that follows "because"."""


class WhatIfPart(DescribedModel):
    """The same run, played again with one change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    change: str
    """The change, such as `MinSize 9`."""
    cause: CauseKind
    """The cause that the change is about."""
    rejected: int
    """Rejected requests of the service after the warm-up."""
    errors: int
    """Rejected and failed requests of the service after the warm-up."""
    requests: int
    """Requests of the service after the warm-up."""
    error_rate: float | None
    p95_s: float | None
    """95 % quantile of the latency of served requests."""
    month_usd: float
    month_usd_more: float
    """The cost of a month above that of the run; negative if it is cheaper."""
    is_enough: bool
    """True if the change removes at least 99 % of the loss that settings can prevent; in a run that was slow and lost
    nothing, if the 95 % quantile falls to half.
    """
    is_slower: bool = False
    """True if the 95 % quantile is above 1.5 times that of the run."""
    errors_by_bin: list[int]
    """Rejected and failed requests, in the bins of the service's series; empty if the changed run has others."""


class ErrorSeriesPart(DescribedModel):
    """The failed requests of a kind over time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    """`429`, another status, `no answer`, or `other 5xx`; 499 contains the 460 of an Application Load Balancer."""
    requests: int
    """After the warm-up."""
    counts: list[int]
    """By the time at which the client intended to send, in the bins of the service's series; 0 during the warm-up."""


class ServiceVerdictPart(DescribedModel):
    """The verdict about a service."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    text: str
    """The verdict in one to three sentences."""
    lost: int
    """Rejected and failed requests after the warm-up."""
    causes: list[CausePart]
    """The causes, most requests first."""
    errors: list[ErrorSeriesPart]
    """The failed requests by kind; kinds without a request are left out."""
    what_ifs: list[WhatIfPart] = Field(default=[])
    """The changes that were played to the end, the proposed one first."""
    not_enough: list[str] = Field(default=[])
    """Changes whose play ended early, because they were known not to be enough."""


class VerdictPart(DescribedModel):
    """The verdict about a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    """The verdict about the service that lost most requests, and how the other services fared."""
    services: list[ServiceVerdictPart]
    not_played: str = ""
    """Why no change was played; empty if none was needed or some were."""
