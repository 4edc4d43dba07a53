"""The notes of a report: what readers must know about its policies and its load before they use its figures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import ConfigDict

from simulator.model.text.field_docstrings import DescribedModel
from simulator.model.text.quantities import latency_text, ratio_text, time_text
from simulator.records.histogram import Histogram
from simulator.traffic.live.summary import KEPT_UP_S, kept_up
from simulator.traffic.policy_fit import PolicyNote


class NotePart(DescribedModel):
    """What readers must know before they use the figures; not part of the digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    """The service; empty: the whole run."""
    policy: str
    kind: Literal["late load", "cannot act", "limited", "baseline", "brought", "service time"]
    """Late load: the load generator could not keep up. Cannot act: no load makes the policy scale out in this scenario.
    Brought: settings of the policy's platform were applied. Service time: real instances and the simulated application
    differ.
    """
    text: str
    """One or more sentences."""


def note_parts(notes: Iterable[PolicyNote]) -> list[NotePart]:
    """Return the notes as parts, in the order given."""
    return [NotePart(service=note.service, policy=note.policy, kind=note.kind.value, text=note.text) for note in notes]


def late_load_notes(late: Histogram, latency: Histogram) -> list[NotePart]:
    """Return notes on the effect of late requests on the figures; none if the load generator kept up."""
    (p99_s,) = late.quantiles((0.99,))
    if kept_up(p99_s):
        return []
    p99, mean, latest = (latency_text(seconds) for seconds in (p99_s, late.mean_s, late.max_s))
    text = (
        f"The load generator could not keep up: {ratio_text(late.share_above(KEPT_UP_S))} of the requests were sent "
        f"more than {time_text(KEPT_UP_S)} after their intended time, 1 % more than {p99}, the latest {latest}. "
        "Latencies are measured from the intended time, so they contain this lateness: "
        f"{mean} on average{_of_latency(latency)}. What the services were offered is less even and partly "
        "later than the scenario says, so a check that failed does not prove that the platform is too slow. Offer less "
        "load, free the machine, or run in virtual time"
    )
    return [NotePart(service="", policy="", kind="late load", text=text)]


def _of_latency(latency: Histogram) -> str:
    return f", where the mean latency is {latency_text(latency.mean_s)}" if latency.count else ""
