"""The report's part about service times: those of real instances beside those of the simulated application.

A run in real time measures real instances. If the file has a simulated application too, the same file is also played in
virtual time, which shows what the simulated application says for the same requests.
"""

from __future__ import annotations

from pydantic import ConfigDict

from simulator.model.text.field_docstrings import DescribedModel


class _Part(DescribedModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServiceTimePart(_Part):
    """Service times of served requests after the warm-up: time at the instance, until the end of the answer's body."""

    requests: int
    p50_s: float
    p95_s: float
    mean_s: float


class RouteServiceTimePart(_Part):
    """The service times of a service, or of its requests for one path."""

    service: str
    path: str
    """The path without its query string; empty: all requests of the service."""
    measured: ServiceTimePart
    """Of the real instances. Those of simulated instances of a mixed pool are samples of these, and not counted."""
    modelled: ServiceTimePart
    """Of the simulated application, in the run in virtual time."""
    corrected: ServiceTimePart | None
    """Of the simulated application with `laws`, in a second run in virtual time; null without a law."""
    chance: float
    """Largest relative difference that is ascribed to chance: what another seed changes in the work that as many
    requests bring (99 %).
    """
    differs: list[str]
    """Those of `p50`, `p95` and `mean` that differ by more than chance."""


class MeasuredLawPart(_Part):
    """The measured service times as a value for the scenario file."""

    service: str
    setting: list[str]
    """The keys of the place in the file, from the service on: `[application, simulated, io]`."""
    yaml: str
    """The value, as YAML in one line."""


class RejectedRatioPart(_Part):
    """The ratio of rejected requests of a service; null if it had no requests."""

    service: str
    measured: float | None
    """In this run."""
    modelled: float | None
    """In the run in virtual time."""
    corrected: float | None
    """In virtual time with `laws`; null without a law."""


class ServiceTimesPart(_Part):
    """Measured beside modelled service times, for services with a real and a simulated application."""

    routes: list[RouteServiceTimePart]
    rejected: list[RejectedRatioPart]
    laws: list[MeasuredLawPart]
    """What makes the simulated application answer as the real one did."""
    no_law: dict[str, str]
    """By service: why its service times cannot be written as a law."""
